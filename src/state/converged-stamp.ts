import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeStatIndex, type StatIndex } from '../host/stat-index.ts';
import { syncDirectory } from './durable-file.ts';
import { putMark } from './put-mark.ts';
import { StateError } from './state-error.ts';

/** What a host on which nothing moves needs to be told again, without compiling anything. */
interface StampHead {
  /** The build of the program that left it. */
  readonly build: string;
  /** Everything but the sources that the catalog was made from: facts, host policy, identities, program. */
  readonly environment: string;
  /** Key of the revision whose sources these are. */
  readonly revision: string;
  readonly host: string;
  readonly run: string;
  readonly resources: number;
  /** How many of them this host cannot have, such as services in a sandbox. */
  readonly held: number;
  /** Whether something else is held too, so that the host is not as it is to be. */
  readonly differs: boolean;
  /** Whether nothing differs and every resource is covered by the index; otherwise it must be inspected each time. */
  readonly isComplete: boolean;
}

export interface Stamp extends StampHead {
  /** The files of the repository, and its directories with their names. */
  readonly sources: StatIndex;
  /** Every managed path. */
  readonly index: StatIndex;
}

const fileName = 'converged';

/** The stamp that was read last, for a process that stays up. */
let latest: { readonly file: string; readonly seen: string; readonly prefix: string; readonly stamp: Stamp } | undefined;

/**
 * The mark that the last run left: verified, with the stat index of all that is managed. A cache; without it everything is
 * compiled and read. Any apply removes it first, so that it never describes a host in the middle of a change.
 */
export function readStamp(directory: string, locate: (path: string) => string): Stamp | undefined {
  try {
    const file = join(directory, fileName);
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    const [seen, prefix] = [`${ino} ${size} ${mtimeNs} ${ctimeNs}`, locate('')];
    if (latest?.file === file && latest.seen === seen && latest.prefix === prefix) return latest.stamp;
    const bytes = readFileSync(file);
    const end = bytes.indexOf(10);
    const { sourceBytes, ...head } = JSON.parse(bytes.toString('utf8', 0, end)) as StampHead & { readonly sourceBytes: number };
    const middle = end + 1 + sourceBytes;
    const sources = decodeStatIndex(bytes.subarray(end + 1, middle), (path) => path);
    const stamp = { ...head, sources, index: decodeStatIndex(bytes.subarray(middle), locate) };
    latest = { file, seen, prefix, stamp };
    return stamp;
  } catch {
    // Absent, cut short or from another version: the slow way is always right.
    return undefined;
  }
}

/** When a run left it, as ISO 8601; undefined where none did, or a change came after. */
export const stampedAt = (directory: string): string | undefined =>
  statSync(join(directory, fileName), { throwIfNoEntry: false })?.mtime.toISOString();

/** Not durably: a stamp that a power cut takes, or cuts short, costs time only. */
export function writeStamp(directory: string, { index, sources, ...head }: Stamp): void {
  const sourceBytes = sources.encode();
  const line = `${JSON.stringify({ ...head, sourceBytes: sourceBytes.length })}\n`;
  putMark(directory, fileName, Buffer.concat([Buffer.from(line), sourceBytes, index.encode()]));
}

/** Durably. Throws `StateError`: nothing may be changed under a stamp that says that nothing was. */
export function removeStamp(directory: string): void {
  try {
    rmSync(join(directory, fileName), { force: true });
    // The removal must not be lost in a power cut that keeps the changes which follow it.
    syncDirectory(directory);
  } catch (error) {
    const hint = 'see to the space, the rights and the health of its filesystem, then run again';
    throw new StateError(`${directory} cannot be written: ${(error as Error).message}`, hint, error);
  }
}
