import type { Argv, Host } from '../host/host.ts';
import { lastWords, wasKilled } from '../model/how-it-ended.ts';
import { PassingError } from '../model/passing-error.ts';

/** What `userdel` and `usermod` exit with for a user whose programs run: see their manual pages. */
const inUse = 8;

/** Ways out of a running `useradd` and the like, all of which lock the account files while they write. */
export async function changeAccount(argv: Argv, host: Host, signal: AbortSignal, stdin?: string): Promise<void> {
  const result = await host.run(argv, signal, stdin === undefined ? {} : { stdin });
  if (result.exitCode === 0) return;
  const said = lastWords(result);
  const message = said.startsWith(`${argv[0]}: `) ? said : `${argv[0]}: ${said}`;
  if (wasKilled(result)) throw new PassingError(message);
  // Somebody else is at work on accounts: an installation, `vipw`.
  if (/: cannot lock \S+; try again later/.test(said)) throw new PassingError(message);
  // They may end without another revision; killing what somebody is at work with is for a person to decide.
  if (result.exitCode === inUse && /^user(del|mod)$/.test(argv[0]))
    throw new PassingError(`${message}; end it, or let the user log out`);
  throw new Error(message);
}
