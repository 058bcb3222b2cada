import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Suspension } from '../model/agent.ts';
import { isObject } from '../model/json.ts';
import { writeDurably } from './durable-file.ts';
import { makeStateDirectory } from './state-directory.ts';

const fileName = 'suspended';

/** Who wants this host left alone at `now` (milliseconds since 1970). A file that cannot be read suspends, too: somebody meant something. */
export function readSuspension(directory: string, now: number): Suspension | undefined {
  const found = findSuspension(directory, now);
  return typeof found === 'string'
    ? { reason: `${found}; \`reconcile resume\` removes it`, by: 'unknown', until: '9999-12-31T00:00:00.000Z' }
    : found;
}

/** The same; a text says what cannot be read and why. */
export function findSuspension(directory: string, now: number): Suspension | string | undefined {
  const file = join(directory, fileName);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : unreadable(file, message);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return unreadable(file, 'it is not what `reconcile suspend` writes');
    const { reason, by, until } = value;
    if (typeof reason !== 'string' || typeof by !== 'string' || typeof until !== 'string' || Number.isNaN(Date.parse(until)))
      return unreadable(file, 'it is not what `reconcile suspend` writes');
    return Date.parse(until) > now ? { reason, by, until } : undefined;
  } catch (error) {
    return unreadable(file, (error as Error).message);
  }
}

const unreadable = (file: string, why: string): string => `${file} cannot be read: ${why}`;

/** Holds for every run on this host, the agent's and those by hand, and over restarts. */
export function writeSuspension(directory: string, suspension: Suspension): void {
  makeStateDirectory(directory);
  // Whatever stands there that is no file means nothing.
  if (lstatSync(join(directory, fileName), { throwIfNoEntry: false })?.isDirectory()) removeSuspension(directory);
  writeDurably(join(directory, fileName), `${JSON.stringify(suspension)}\n`);
}

export function removeSuspension(directory: string): void {
  rmSync(join(directory, fileName), { force: true, recursive: true });
}
