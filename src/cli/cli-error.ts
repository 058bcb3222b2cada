import { exitCodes, type ExitName } from '../model/exit-code.ts';

/** An error that `main.ts` shows as one message with a hint, and that decides the exit code. */
interface CliError extends Error {
  readonly exit: number;
  readonly hint?: string;
}

/** `throw cliError('usage', 'no such run: 17', 'reconcile history lists them')`. */
export function cliError(exit: ExitName, message: string, hint?: string): CliError {
  return Object.assign(new Error(message), { exit: exitCodes[exit].code }, hint === undefined ? {} : { hint });
}
