import { fstatSync, writeSync } from 'node:fs';
import { paintFor, plain, type Paint } from '../report/paint.ts';

// Node's streams for standard output and error take longer to make than most runs take to write. They are asked for where there
// may be a terminal, and where a write alone does not do.

let isStreamed = false;

/** Writes to standard output. What cannot be written is an error of `process.stdout`. */
export function writeOutput(text: string): void {
  if (isStreamed) return void process.stdout.write(text);
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch {
    // The stream waits for a pipe that does not, and tells of everything else to whoever listens.
    isStreamed = true;
    process.stdout.write(bytes.subarray(written));
  }
}

/** `paintFor(process.stdout)`. */
export const paintOutput = (): Paint =>
  process.env['FORCE_COLOR'] === undefined && !mayBeTerminal(1) ? plain : paintFor(process.stdout);

/** Whether there may be a terminal behind a descriptor. */
export const mayBeTerminal = (descriptor: number): boolean => fstatSync(descriptor).isCharacterDevice();
