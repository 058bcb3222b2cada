import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { StateError } from './state-error.ts';

/** Puts a file of this program's own (0600) in place at once; it is there after a power cut when this returns. */
export function writeDurably(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const staged = `${file}.new`;
  const descriptor = openSync(staged, 'w', 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset);
    makeDurable(staged, descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(staged, file);
  syncDirectory(dirname(file));
}

/** Makes names that were added to a directory, or removed, durable. */
export const syncDirectory = (directory: string): void => sync(directory);

/** Makes durable what is in a file, whoever has written it. */
export const syncFile = (file: string): void => sync(file);

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    makeDurable(path, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Node does not say of which file. */
function makeDurable(path: string, descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    const message = `${path} cannot be made durable: ${(error as Error).message}`;
    throw new StateError(message, 'see to the health of its filesystem, then run again', error);
  }
}
