import type { Argv, Host } from '../host/host.ts';
import { lastLines } from '../model/last-lines.ts';

/** Ways out of a running `useradd` and the like, all of which lock the account files while they write. */
export async function changeAccount(argv: Argv, host: Host, signal: AbortSignal, stdin?: string): Promise<void> {
  const { exitCode, stdout, stderr, timedOut } = await host.run(argv, signal, stdin === undefined ? {} : { stdin });
  if (exitCode === 0) return;
  const said = timedOut ? 'timed out' : lastLines(stderr.trim() || stdout.trim()) || `exited with ${exitCode}`;
  throw new Error(said.startsWith(`${argv[0]}: `) ? said : `${argv[0]}: ${said}`);
}
