import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../model/json.ts';
import { writeAtomically } from '../source/write-atomically.ts';
import { hasVersion, linked, swapLink } from './library.ts';

/** How long a new version may take to confirm itself. Milliseconds. */
const confirmWithin = 120_000;
/** Starts of a version that does not confirm; the next one is the old version's. */
const mostStarts = 2;

/** A file that belongs to an update, such as the unit or the host policy. */
interface UpdatedFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** An update that is not confirmed. */
interface Pending {
  readonly version: string;
  readonly previous: string;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly starts: number;
  /** What the files were; null: not there. */
  readonly before: readonly { readonly path: string; readonly content: string | null; readonly mode: number }[];
}

const pendingFile = 'update.json';
const returnedFile = 'returned.json';

/**
 * What the start of the program has to do about an update. `return`: go back to the version before; `finish`: it was confirmed
 * and only the note of it is left.
 */
export function judgeStart(
  pending: Pending,
  {
    current,
    confirmed,
    now,
  }: { readonly current: string | undefined; readonly confirmed: string | undefined; readonly now: number },
): 'start' | 'return' | 'finish' {
  if (confirmed === pending.version) return 'finish';
  // A clock that was set back must not give it more time than it had.
  const isOver = now >= pending.deadline || now < pending.deadline - confirmWithin;
  // Not the current one: the switch was cut off half-way.
  return current !== pending.version || isOver || pending.starts >= mostStarts ? 'return' : 'start';
}

/**
 * Makes a staged version the one that the next start runs, together with files that belong to it. It has 120 seconds from now
 * to be confirmed; else it and the files go back. Throws for a version that was taken back before, and while another update waits.
 */
export function switchTo(library: string, version: string, now: number, files: readonly UpdatedFile[] = []): void {
  requireSettled(library);
  if (returnedVersion(library) === version)
    throw new Error(
      `version ${version} was tried here and taken back: stage another one, or remove ${join(library, returnedFile)}`,
    );
  if (!hasVersion(library, version)) throw new Error(`no version ${version} in ${library}: stage it first`);
  const previous = linked(library, 'confirmed');
  if (previous === undefined) throw new Error(`${library} has no confirmed version to go back to: run reconcile install`);
  const before = files.map(({ path, mode }) => ({ path, ...standing(path, mode) }));
  writePending(library, { version, previous, deadline: now + confirmWithin, starts: 0, before });
  for (const { path, content, mode } of files) writeAtomically(path, content, mode);
  swapLink(library, 'current', version);
}

/** Throws while an update is on trial: nothing else may be installed then. */
export function requireSettled(library: string): void {
  if (readPending(library))
    throw new Error('an update is not confirmed yet: the agent confirms it, or its next start after 120 seconds takes it back');
}

/** The running version works: it stays. Does nothing when no update waits. */
export function confirm(library: string): void {
  const pending = readPending(library);
  if (!pending) return;
  if (linked(library, 'current') !== pending.version) throw new Error(`version ${pending.version} is not the current one`);
  swapLink(library, 'confirmed', pending.version);
  rmSync(join(library, pendingFile));
}

/** When the update that waits will be taken back, in milliseconds since 1970: the agent confirms before, or ends itself then. */
export const confirmBefore = (library: string): number | undefined => readPending(library)?.deadline;

/** The version that was last taken back here. */
export function returnedVersion(library: string): string | undefined {
  const value = readJson(join(library, returnedFile));
  return isObject(value) && typeof value['version'] === 'string' ? value['version'] : undefined;
}

/** The version that was taken back here, where none has been confirmed since. */
export function standingReturn(library: string): { readonly version: string; readonly at: string } | undefined {
  const value = readJson(join(library, returnedFile));
  if (!isObject(value) || typeof value['version'] !== 'string' || typeof value['at'] !== 'string') return undefined;
  const made = confirmedAt(library);
  // Older versions have not kept when the link was made: another one is a later one, whatever the clock said.
  const known = value['confirmedAt'] ?? null;
  const isOver = made !== null && (known === null ? made > Date.parse(value['at']) : made !== known);
  return isOver ? undefined : { version: value['version'], at: value['at'] };
}

/**
 * For the start of the program, by the version that is confirmed: counts the start of one that is not, or goes back. Answers with
 * the version and the files that were taken back. Can be repeated wherever it was cut off.
 */
export function guardStart(
  library: string,
  now: number,
): { readonly version: string; readonly files: readonly string[] } | undefined {
  const pending = readPending(library);
  if (!pending) return undefined;
  const links = { current: linked(library, 'current'), confirmed: linked(library, 'confirmed') };
  switch (judgeStart(pending, { ...links, now })) {
    case 'finish':
      rmSync(join(library, pendingFile));
      return undefined;
    case 'start':
      writePending(library, { ...pending, starts: pending.starts + 1 });
      return undefined;
    case 'return':
      for (const { path, content, mode } of pending.before) {
        if (content === null) rmSync(path, { force: true });
        else writeAtomically(path, content, mode);
      }
      swapLink(library, 'current', pending.previous);
      // One that never started was not tried: whoever installed it was interrupted and may do it again.
      if (pending.starts > 0)
        writeAtomically(
          join(library, returnedFile),
          JSON.stringify({ version: pending.version, at: new Date(now).toISOString(), confirmedAt: confirmedAt(library) }),
          0o644,
        );
      rmSync(join(library, pendingFile));
      return { version: pending.version, files: pending.before.map(({ path }) => path) };
  }
}

/** When the link to the confirmed version was made. */
const confirmedAt = (library: string): number | null =>
  lstatSync(join(library, 'confirmed'), { throwIfNoEntry: false })?.mtimeMs ?? null;

function standing(path: string, mode: number): { readonly content: string | null; readonly mode: number } {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return { content: null, mode };
  if (!stat.isFile()) throw new Error(`${path} is not a regular file: an update does not replace it`);
  return { content: readFileSync(path, 'utf8'), mode: stat.mode & 0o777 };
}

/** 0600: it holds what the files were. */
const writePending = (library: string, pending: Pending): void =>
  writeAtomically(join(library, pendingFile), JSON.stringify(pending), 0o600);

/** A note that cannot be read is one of an update that cannot be trusted: back to the confirmed version, files as they are. */
function readPending(library: string): Pending | undefined {
  const value = readJson(join(library, pendingFile));
  if (value === undefined) return undefined;
  const { version, previous, deadline, starts, before } = (isObject(value) ? value : {}) as Partial<Pending>;
  const isWhole =
    typeof version === 'string' &&
    typeof previous === 'string' &&
    typeof deadline === 'number' &&
    typeof starts === 'number' &&
    Array.isArray(before);
  if (isWhole) return { version, previous, deadline, starts, before };
  return { version: '', previous: linked(library, 'confirmed') ?? '', deadline: 0, starts: mostStarts, before: [] };
}

/** Undefined where there is no file, null where it is not JSON. */
function readJson(file: string): unknown {
  if (!lstatSync(file, { throwIfNoEntry: false })) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return null;
  }
}
