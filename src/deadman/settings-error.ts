import { exitCodes } from '../model/exit-code.ts';

/** Shown as one message with what to do about it; the exit code is that of invalid documents. */
export const settingsError = (message: string, hint: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { exit: exitCodes.invalid.code, hint });
