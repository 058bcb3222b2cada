import { exitCodes } from '../model/exit-code.ts';

/** Thrown when the agent cannot start as it is set up. */
export class AgentError extends Error {
  readonly exit = exitCodes.usage.code;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(message: string, hint: string | undefined) {
    super(message);
    this.hint = hint;
  }
}
