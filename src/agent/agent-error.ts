import { exitCodes, type ExitName } from '../model/exit-code.ts';

/** Thrown when the agent cannot start as it is set up, or cannot be asked. */
export class AgentError extends Error {
  readonly exit: number;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(message: string, hint: string | undefined, exit: ExitName = 'usage') {
    super(message);
    this.exit = exitCodes[exit].code;
    this.hint = hint;
  }
}
