import type { Algorithms, Client } from 'ssh2';
import type { NodeSSH } from 'node-ssh';
import type { Duplex } from 'node:stream';
import { cut } from '../../model/cut.ts';
import { printableLine } from '../../report/printable.ts';
import { ConnectionError } from '../connection.ts';
import { hostKeyAlgorithms, judgeHostKey, type KeyVerdict, type KnownHost } from './host-key.ts';
import type { Identities } from './identities.ts';
import type { SshSettings } from './settings.ts';

/** An SSH connection whose host is the known one, and let us in. */
export interface OpenClient extends AsyncDisposable {
  readonly ssh: NodeSSH;
  readonly client: Client;
  /** What SSH is spoken over. */
  readonly stream: Duplex;
  /** Aborted with a `ConnectionError` when the connection is gone. */
  readonly gone: AbortSignal;
  /** Ends it at once, for this reason. */
  break(reason: ConnectionError): void;
}

interface Opening {
  /** Name for messages. */
  readonly name: string;
  readonly settings: SshSettings;
  readonly known: KnownHost;
  readonly identities: Identities;
}

/**
 * Least processor time first: curve25519 where OpenSSH's own first choice costs 55 ms a connection, and AES, for which processors
 * have instructions. Nothing that OpenSSH does not offer itself; no compression, which a hostile host could use as a bomb.
 */
const algorithms = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group14-sha256',
  ],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes256-ctr', 'chacha20-poly1305@openssh.com'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} as const;

/** The same with the types of host keys that can be told to be right. */
export const algorithmsFor = (known: KnownHost): Algorithms =>
  ({ ...algorithms, serverHostKey: hostKeyAlgorithms(known) }) as unknown as Algorithms;

/** Milliseconds that a goodbye may take. */
const closingTime = 500;

/** Speaks SSH over a stream; rejects with a `ConnectionError`, and the stream is destroyed. */
export async function openClient(
  stream: Duplex,
  { name, settings, known, identities }: Opening,
  signal: AbortSignal,
): Promise<OpenClient> {
  const { NodeSSH } = await import('node-ssh').catch((error: unknown) => {
    // Nobody else has it, and this process would wait for its end.
    stream.destroy();
    throw error;
  });
  const ssh = new NodeSSH();
  const gone = new AbortController();
  let verdict: KeyVerdict | undefined;
  let isOpen = false;
  const left = [...identities.attempts];
  let accepted: readonly string[] = [];
  const opening = ssh.connect({
    sock: stream,
    username: settings.user,
    readyTimeout: settings.connectTimeout,
    keepaliveInterval: settings.keepaliveInterval,
    keepaliveCountMax: settings.keepaliveCount,
    algorithms: algorithmsFor(known),
    hostVerifier: (key: Buffer) => {
      verdict = judgeHostKey(known, key);
      return verdict.verdict === 'known';
    },
    authHandler: (methods, _partly, next) => {
      accepted = methods ?? accepted;
      const attempt = accepted.length > 0 && !accepted.includes('publickey') ? undefined : left.shift();
      next(attempt ? attempt(settings.user) : (false as never));
    },
  });
  const client = ssh.connection!;
  // An agent that does not sign is an error for ssh2, which then goes on with the next key; node-ssh would give up.
  const [giveUp] = client.listeners('error') as ((error: Error) => void)[];
  client.off('error', giveUp!);
  let failure: (Error & { readonly level?: string }) | undefined;
  client.on('error', (error: Error & { readonly level?: string }) => {
    if (error.level === 'agent') return;
    failure ??= error;
    giveUp!(error);
  });
  const end = (): void => {
    gone.abort(lossOf(name, failure));
    stream.destroy();
  };
  client.on('close', end).on('end', end);
  const stop = (): void => void stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await opening;
    isOpen = true;
  } catch (error) {
    signal.throwIfAborted();
    if (verdict && verdict.verdict !== 'known') throw new ConnectionError('untrusted', verdict.message, { hint: verdict.hint });
    throw refusalOf(name, settings, identities, accepted, failure ?? (error as Error));
  } finally {
    signal.removeEventListener('abort', stop);
    if (!isOpen) stream.destroy();
  }
  return {
    ssh,
    client,
    stream,
    gone: gone.signal,
    break(reason) {
      gone.abort(reason);
      stream.destroy();
    },
    async [Symbol.asyncDispose]() {
      if (gone.signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      gone.signal.addEventListener('abort', () => resolve(), { once: true });
      const timer = setTimeout(() => resolve(), closingTime);
      client.end();
      await promise;
      clearTimeout(timer);
      stream.destroy();
    },
  };
}

/** What a host, or an error about it, says, on one line and cut. */
export const said = (text: string): string => printableLine(cut(text, 300));

function lossOf(name: string, failure: (Error & { readonly level?: string }) | undefined): ConnectionError {
  if (failure?.level === 'client-timeout') {
    return new ConnectionError('unreachable', `${name} does not answer any more`, { isPassing: true });
  }
  const why = failure ? ` (${said(failure.message)})` : '';
  return new ConnectionError('unreachable', `the connection to ${name} was lost${why}`, { isPassing: true });
}

function refusalOf(
  name: string,
  { address, port, user, connectTimeout }: SshSettings,
  { attempts, locked, notes }: Identities,
  accepted: readonly string[],
  error: Error & { readonly level?: string },
): ConnectionError {
  if (error.level === 'client-authentication') {
    const tried = `${attempts.length} ${attempts.length === 1 ? 'key' : 'keys'} tried`;
    const takes =
      accepted.length > 0 && !accepted.includes('publickey') ? `; it takes no keys, only ${said(accepted.join(', '))}` : '';
    const more = [...locked.map((file) => `the key ${file} needs its passphrase`), ...notes];
    const message = `${name} does not let ${user} in (${tried})${[takes, ...more.map((note) => `; ${note}`)].join('')}`;
    const hint =
      locked.length > 0
        ? `ssh-add ${locked[0]}`
        : `ssh ${port === 22 ? '' : `-p ${port} `}${user}@${address} tells more; ansible_user and ansible_ssh_private_key_file say who and with what`;
    return new ConnectionError('denied', message, { hint });
  }
  if (error.level === 'client-timeout') {
    return new ConnectionError(
      'unreachable',
      `${name} took the connection but did not finish the SSH handshake in ${connectTimeout / 1000} s`,
      { isPassing: true },
    );
  }
  if (error.level === 'handshake') {
    return new ConnectionError(
      'unreachable',
      `${name} and this program cannot agree on how to speak SSH (${said(error.message)})`,
    );
  }
  return new ConnectionError('unreachable', `${name} ended the connection during the SSH handshake (${said(error.message)})`, {
    isPassing: true,
  });
}
