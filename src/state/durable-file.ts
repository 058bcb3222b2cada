import { closeSync, constants, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StateError } from './state-error.ts';

/** Puts a file of this program's own (0600) in place at once; it is there after a power cut when this returns. */
export function writeDurably(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const staged = `${file}.new`;
  writeThrough(staged, openSync(staged, 'w', 0o600), text);
  renameSync(staged, file);
  syncDirectory(dirname(file));
}

/** The same for what has to be kept: throws `StateError`. */
export function keepDurably(file: string, text: string): void {
  try {
    writeDurably(file, text);
  } catch (error) {
    if (error instanceof StateError) throw error;
    const hint = 'see to the space, the rights and the health of its filesystem, then run again';
    throw new StateError(`${file} cannot be written: ${(error as Error).message}`, hint, error);
  }
}

/** Adds to a file that is there; the text is there after a power cut when this returns. When it throws, a part of it may be. */
export function appendDurably(file: string, text: string): void {
  writeThrough(file, openSync(file, constants.O_WRONLY | constants.O_APPEND), text);
}

function writeThrough(file: string, descriptor: number, text: string): void {
  try {
    writeFileSync(descriptor, text);
    makeDurable(file, descriptor);
  } finally {
    closeSync(descriptor);
  }
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
