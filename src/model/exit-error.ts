import { exitCodes, type ExitName } from './exit-code.ts';

/** Shown as one message with what to do about it, and decides the exit code: `throw new ExitError('usage', 'no such run: 17', hint)`. */
export class ExitError extends Error {
  readonly exit: number;
  readonly hint: string | undefined;

  constructor(exit: ExitName, message: string, hint?: string, cause?: unknown) {
    super(message, { cause });
    this.exit = exitCodes[exit].code;
    this.hint = hint;
  }
}
