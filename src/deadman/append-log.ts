import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { throughNoLink } from './through-no-link.ts';

/** Holds years of a quiet watchdog. One old log is kept. */
const mostBytes = 1024 * 1024;
/** A fifo that nobody reads must not keep the watchdog waiting. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Adds to the log, where there is one. What cannot be written is said on stderr, and keeps nobody from anything. A watchdog of root may
 * log into the directory of an account: the log is no link, and directories are links only where root or this user has put them.
 */
export function appendLog(file: string | undefined, text: string): void {
  if (file === undefined) return;
  try {
    makeDirectory(dirname(file));
    throughNoLink(file, (real) => append(real, text));
  } catch (error) {
    process.stderr.write(`deadman: the log cannot be written: ${(error as Error).message}\n`);
  }
}

function append(real: string, text: string): void {
  const descriptor = openSync(real, flags, 0o640);
  try {
    const stat = fstatSync(descriptor);
    // By another name it may be a file of somebody else.
    if (!stat.isFile() || stat.nlink > 1) throw new Error('it is not a regular file with one name');
    if (stat.size <= mostBytes) return void writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
  renameSync(real, `${real}.1`);
  append(real, text);
}

function makeDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })) return;
  makeDirectory(dirname(directory));
  throughNoLink(directory, (real) => mkdirSync(real));
}
