import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../model/json.ts';
import type { Unconfirmed } from '../model/unconfirmed.ts';
import { syncDirectory, writeDurably } from './durable-file.ts';
import { StateError } from './state-error.ts';
import type { State } from './state.ts';

const fileName = 'unconfirmed.json';

/** The run that waits for its confirmation, or is at work and will; or the one that was taken back without it. */
export function readUnconfirmed(directory: string): Unconfirmed | undefined {
  const file = join(directory, fileName);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new StateError(`${file} cannot be read: ${message}`, 'run as the user whose state it is', error);
  }
  const value = parse(text);
  if (value) return value;
  throw new StateError(
    `${file} is not what was written: which run waits for its confirmation cannot be told`,
    `see with \`reconcile history\` whether the last run has to go (\`reconcile rollback RUN\`), then remove ${file}`,
  );
}

/** The run that was applied and that nobody has confirmed yet. */
export function findWaiting({ directory, journal }: State): Unconfirmed | undefined {
  const found = readUnconfirmed(directory);
  return found && found.takenBack === undefined && journal.undoable().includes(found.run) ? found : undefined;
}

function parse(text: string): Unconfirmed | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const parts: Partial<Unconfirmed> = isObject(value) ? value : {};
    const { run, by, because, connection, health, since, boot, uptime, within, takenBack } = parts;
    const isWhole =
      typeof run === 'string' &&
      (by === 'remote' || by === 'person') &&
      Array.isArray(because) &&
      Array.isArray(health) &&
      typeof since === 'number' &&
      typeof boot === 'string' &&
      typeof uptime === 'number' &&
      typeof within === 'number';
    if (!isWhole) return undefined;
    const from = typeof connection === 'string' && { connection };
    return {
      run,
      by,
      because,
      ...from,
      health,
      since,
      boot,
      uptime,
      within,
      ...(typeof takenBack === 'string' && { takenBack }),
    };
  } catch {
    return undefined;
  }
}

/** Durable when it returns. */
export const writeUnconfirmed = (directory: string, unconfirmed: Unconfirmed): void =>
  writeDurably(join(directory, fileName), `${JSON.stringify(unconfirmed)}\n`);

/** Durable when it returns: from here on nothing takes the run back by itself. */
export function removeUnconfirmed(directory: string): void {
  rmSync(join(directory, fileName), { force: true });
  syncDirectory(directory);
}
