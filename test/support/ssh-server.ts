import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import type { Target } from '../../src/model/fleet.ts';
import { freePort } from './free-port.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const program = '/usr/sbin/sshd';

/** Why no SSH server can be started here; undefined where one can. */
export const whyNoSsh = existsSync(program) ? undefined : `${program} is not installed`;

/** Shell that sets `$session` to the process of sshd that serves it: a login shell may stand between the two. */
export const findSession =
  's=$PPID; until case $(cat /proc/$s/comm) in sshd*) ;; *) false;; esac; do s=$(cut -d" " -f4 /proc/$s/stat); done; session=$s';

export type SshKeyType = 'ed25519' | 'ecdsa' | 'rsa';

export interface SshServerOptions {
  /** Keys by which the host proves itself; ed25519 where nothing is said. */
  readonly hostKeys?: readonly SshKeyType[];
  /** Lines for its configuration, before the usual ones. */
  readonly config?: readonly string[];
  /** Public keys that are let in beside its own client key. */
  readonly authorized?: readonly string[];
  readonly port?: number;
}

/** A real sshd on loopback that lets the user of this process in with one key. */
export interface SshServer extends AsyncDisposable {
  readonly port: number;
  /** Public keys of the host: `ssh-ed25519 AAAA...`. */
  readonly hostKeys: readonly string[];
  /** Path of the private key that is let in; `.pub` is beside it. */
  readonly clientKey: string;
  /** Lines for known_hosts, one for each host key. */
  readonly knownHosts: string;
  /** Where its files are. */
  readonly directory: string;
  readonly process: ChildProcess;
  /** What it has logged so far. */
  log(): string;
  /** A target that reaches it with its own client key. */
  target(name?: string): Target;
}

export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const directory = temporaryDirectory();
  const types = options.hostKeys ?? ['ed25519'];
  const keyFiles = types.map((type) => makeSshKey(directory.path, `host_${type}`, { type }));
  const clientKey = makeSshKey(directory.path, 'client');
  const authorized = join(directory.path, 'authorized_keys');
  writeFileSync(authorized, [readFileSync(`${clientKey}.pub`, 'utf8').trim(), ...(options.authorized ?? []), ''].join('\n'), {
    mode: 0o600,
  });
  const port = options.port ?? (await freePort());
  const config = join(directory.path, 'sshd_config');
  const lines = [
    ...(options.config ?? []),
    ...keyFiles.map((file) => `HostKey ${file}`),
    `AuthorizedKeysFile ${authorized}`,
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'MaxStartups 200',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  // Where no service has made it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const child = spawn(program, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    if (log.includes('Server listening')) resolve();
  });
  child.once('exit', () => reject(new Error(`sshd ended: ${log}`)));
  await listening;
  const hostKeys = keyFiles.map((file) => readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' '));
  return {
    port,
    hostKeys,
    clientKey,
    knownHosts: hostKeys.map((key) => `[127.0.0.1]:${port} ${key}\n`).join(''),
    directory: directory.path,
    process: child,
    log: () => log,
    target: (name = 'web1') => ({
      name,
      address: '127.0.0.1',
      port,
      user: userInfo().username,
      identity: clientKey,
      sshOptions: [],
      become: false,
    }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      directory[Symbol.dispose]();
    },
  };
}

/** Makes a key pair and returns the path of the private half. */
export function makeSshKey(
  directory: string,
  name: string,
  { type = 'ed25519', passphrase = '' }: { readonly type?: SshKeyType; readonly passphrase?: string } = {},
): string {
  const file = join(directory, name);
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', name, '-f', file]);
  return file;
}
