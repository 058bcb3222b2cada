import { lastLines } from './last-lines.ts';
import { makeFailure } from './passing-error.ts';

/** What is known of a program that has ended. */
interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** Null also where nobody knows which. */
  readonly signal?: string | null;
  readonly timedOut: boolean;
}

/** `exited with 1`, `was ended by SIGKILL`, `timed out`. */
export const howItEnded = ({ exitCode, signal, timedOut }: Ended): string =>
  timedOut ? 'timed out' : exitCode === null ? `was ended by ${signal ?? 'a signal'}` : `exited with ${exitCode}`;

/** By somebody else, or for lack of memory: that says nothing of what it was to do. */
export const wasKilled = ({ exitCode, timedOut }: Ended): boolean => exitCode === null && !timedOut;

/** For what a program could not do: passing where something else has killed it. */
export const programError = (result: Ended, message: string): Error => makeFailure(message, wasKilled(result));

/** For an error: the end of what a program said that failed; how it ended, too, where it did not end by itself or said nothing. */
export function lastWords(result: Ended & { readonly stdout: string; readonly stderr: string }): string {
  const said = lastLines(result.stderr.trim() || result.stdout.trim());
  if (result.exitCode !== null && !result.timedOut && said !== '') return said;
  return `${howItEnded(result)}${said && `: ${said}`}`;
}
