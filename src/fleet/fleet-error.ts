import { exitCodes, type ExitName } from '../model/exit-code.ts';

/** A fleet command cannot begin: no host was touched. */
export class FleetError extends Error {
  readonly exit: number;
  readonly hint: string;

  constructor(exit: ExitName, message: string, hint: string) {
    super(message);
    this.exit = exitCodes[exit].code;
    this.hint = hint;
  }
}
