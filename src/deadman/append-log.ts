import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Holds years of a quiet watchdog. One old log is kept. */
const mostBytes = 1024 * 1024;

/** Adds to the log, where there is one. What cannot be written is said on stderr, and keeps nobody from anything. */
export function appendLog(file: string | undefined, text: string): void {
  if (file === undefined) return;
  try {
    mkdirSync(dirname(file), { recursive: true });
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > mostBytes) renameSync(file, `${file}.1`);
    appendFileSync(file, text, { mode: 0o640 });
  } catch (error) {
    process.stderr.write(`deadman: the log cannot be written: ${(error as Error).message}\n`);
  }
}
