import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { ConnectionError } from '../connection.ts';
import { ownFaultOf } from '../own-fault.ts';
import type { SshSettings } from './settings.ts';
import { splitWords } from './split-words.ts';

/** What only a shell understands. */
const forShells = /[$`;&|<>(){}*?[\]!\\#~\n]/;
/** Milliseconds between asking the program to end and ending it. */
const grace = 2_000;

/**
 * The input and output of the `ProxyCommand` of the user's own configuration. It is started without a shell, so that it must be words: one
 * that needs a shell can name it (`sh -c '...'` in a script of its own). Rejects with a `ConnectionError` for others, and for
 * what cannot be started.
 */
export async function openProxyCommand(
  name: string,
  command: string,
  { address, hostname, port, user }: SshSettings,
): Promise<Duplex> {
  const words = forShells.test(command) ? undefined : splitWords(command.replace(/^exec\s+/, ''));
  const tokens: Readonly<Record<string, string>> = { h: hostname, n: address, p: String(port), r: user, '%': '%' };
  const argv = words?.map((word) => word.replace(/%(.)/g, (token, letter: string) => tokens[letter] ?? token));
  const [program, ...rest] = argv ?? [];
  if (program === undefined || argv!.some((word) => /(?<!%)%[A-Za-z]/.test(word))) {
    const message = `the ProxyCommand of ${name} is more than words with %h, %n, %p and %r, and no shell is started for it here`;
    throw new ConnectionError('unreachable', message, { hint: 'name a script in its place, or use ProxyJump' });
  }
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const { promise: started, resolve, reject } = Promise.withResolvers<void>();
  child.once('spawn', resolve);
  child.once('error', (error: NodeJS.ErrnoException) => {
    const { code = 'unknown error' } = error;
    const message = `the ProxyCommand of ${name} cannot be started: ${program} (${code})`;
    const isThere = code !== 'ENOENT' && code !== 'EACCES';
    reject((isThere && ownFaultOf(error)) || new ConnectionError('unreachable', message));
  });
  // Where too many files are open there are no pipes before it.
  await started;
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  const end = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  stream.once('close', () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    end('SIGTERM');
    const timer = setTimeout(() => end('SIGKILL'), grace);
    child.once('exit', () => clearTimeout(timer));
  });
  return stream;
}
