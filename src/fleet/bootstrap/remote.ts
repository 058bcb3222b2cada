import { systemLibrary as library } from '../../install/installed-files.ts';
import { lastLines } from '../../model/last-lines.ts';
import type { Finding } from '../../model/fleet.ts';
import { printable } from '../../report/printable.ts';
import type { Connection, RemoteOptions, RemoteResult } from '../connection.ts';

/** Of the host policy and its secrets. */
export const settingsDirectory = '/etc/timmy-reconciler';

/** Runs a script of this program over there with the shell of the host. Arguments are words, never part of the script. */
export const runScript = (
  connection: Connection,
  script: string,
  words: readonly string[],
  options: RemoteOptions,
): Promise<RemoteResult> => connection.run(['sh', '-c', `set -u\nlib=${library}\n${script}`, 'bootstrap', ...words], options);

/** What a failed step means for the host. `what` is a sentence without its end; `hint` says what to do when nothing better is known. */
export function failure(what: string, { stdout, stderr, exitCode }: RemoteResult, hint: string): Finding {
  const said = printable(lastLines(stderr) || lastLines(stdout)) || `exit ${exitCode ?? 'by a signal'}`;
  const isFull = /No space left on device|Disk quota exceeded|ENOSPC/.test(stderr + stdout);
  return {
    verdict: 'error',
    message: `${what}: ${isFull ? 'the disk is full: ' : ''}${said}`,
    hint: isFull ? 'make room there and call it again: it goes on where it ended' : hint,
  };
}

/**
 * For the beginning of a script that must not be at work twice: what an operator has started whose connection was lost goes on
 * over there. 280 s are less than what such scripts get.
 */
export const oneAtATime = `
exec 9>"$lib/incoming/lock" && flock -w 280 9 || { echo 'another bootstrap is at work there' >&2; exit 1; }
`;
