import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { leftOf, readNow, termFrom, type Now, type Term } from '../host/term.ts';
import type { Suspension } from '../model/agent.ts';
import { isObject } from '../model/json.ts';
import { keepDurably } from './durable-file.ts';
import { makeStateDirectory } from './state-directory.ts';

const fileName = 'suspended';

/** Milliseconds: 365 days. */
export const longestSuspension = 365 * 86_400_000;

/** Milliseconds. What the clocks of a host are apart that nobody has set, and to what the end is rounded where somebody has. */
const minute = 60_000;

/** Who wants this host left alone now. A file that cannot be read suspends, too: somebody meant something. */
export function readSuspension(directory: string, now?: Now): Suspension | undefined {
  const found = findSuspension(directory, now);
  return typeof found === 'string'
    ? { reason: `${found}; \`reconcile resume\` removes it`, by: 'unknown', until: '9999-12-31T00:00:00.000Z' }
    : found;
}

/** The same; a text says what cannot be read and why. */
export function findSuspension(directory: string, now?: Now): Suspension | string | undefined {
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
    const end = endOf(Date.parse(until), value, now ?? presentMoment());
    return end === undefined ? undefined : { reason, by, until: new Date(end).toISOString() };
  } catch (error) {
    return unreadable(file, (error as Error).message);
  }
}

/** A host that sleeps is left alone meanwhile, too. */
const presentMoment = (): Now => ({ ...readNow(), uptime: Math.round(uptime() * 1_000) });

/**
 * When it ends by the clock as that stands now; undefined: it is over. It was asked for a length of time: a clock that is set meanwhile
 * changes when that ends, and not how long it is.
 */
function endOf(told: number, value: object, now: Now): number | undefined {
  const left = isTerm(value) ? leftOf(value, now) : told - now.time;
  const end = now.time + left;
  if (Math.abs(end - told) < minute) return told > now.time ? told : undefined;
  return left > 0 ? Math.ceil(end / minute) * minute : undefined;
}

/** Older versions have kept none. */
const isTerm = (value: object): value is Term =>
  (['since', 'uptime', 'within'] as const).every((name) => Number.isFinite((value as Partial<Term>)[name])) &&
  typeof (value as Partial<Term>).boot === 'string';

const unreadable = (file: string, why: string): string => `${file} cannot be read: ${why}`;

/** Holds for every run on this host, the agent's and those by hand, and over restarts. */
export function writeSuspension(directory: string, suspension: Suspension): void {
  makeStateDirectory(directory);
  // Whatever stands there that is no file means nothing.
  if (lstatSync(join(directory, fileName), { throwIfNoEntry: false })?.isDirectory()) removeSuspension(directory);
  const now = presentMoment();
  const term = termFrom(now, Math.max(0, Date.parse(suspension.until) - now.time));
  keepDurably(join(directory, fileName), `${JSON.stringify({ ...suspension, ...term })}\n`);
}

export function removeSuspension(directory: string): void {
  rmSync(join(directory, fileName), { force: true, recursive: true });
}
