import type { JsonObject } from '../model/json.ts';
import type { AnyResourceType, TouchedEntries } from '../resources/resource-type.ts';
import { pathsUndo } from './undo.ts';

/** What to put back into a file that others than a run have written. */
interface Merged {
  /** What stood before the run, but with what others have made different. Nothing: that leaves nothing of a file that the run has made. */
  readonly bytes: Buffer | undefined;
  /** The run has changed mode or owner of the file as well. */
  readonly isRestricted: boolean;
}

/**
 * Of what stood `before` a run, if anything did, and what stands now. Undefined where only the run has written, and where one of the
 * texts cannot be read or edited by entries: the file is put back whole then.
 */
export type Merge = (before: Buffer | undefined, readNow: () => Buffer) => Merged | undefined;

/** What a journalled entry says of such a file. */
interface SharedUndo {
  readonly kind: string;
  readonly shared: TouchedEntries;
}

/**
 * By path, for the files of which a run saved nothing but entries. `undos` are what it journalled, newest first; `tell` hears of files
 * in which others have written, and of a fault where that cannot be kept.
 */
export function mergesOf(
  undos: readonly JsonObject[],
  types: (kind: string) => AnyResourceType,
  tell: (path: string, fault?: string) => void,
): ReadonlyMap<string, Merge> {
  const written = Map.groupBy(undos.filter(isShared).toReversed(), ({ shared }) => shared.path);
  // What was saved for a resource that had the whole file is put back whole.
  const paths = [...written].filter(([path, [first]]) => pathsUndo(first!)?.paths.some((undo) => undo.path === path));
  return new Map(paths.map(([path, entries]) => [path, mergeOf(entries, types, (fault) => tell(path, fault))]));
}

function mergeOf(undos: readonly SharedUndo[], types: (kind: string) => AnyResourceType, tell: (fault?: string) => void): Merge {
  const isRestricted = undos.some(({ shared }) => shared.isRestricted);
  const own = undos.map(({ kind, shared: { names } }) => (from: Buffer, onto: Buffer): Buffer => {
    const { entries } = types(kind);
    return entries ? entries.carry(names, from, onto) : onto;
  });
  return (stood, readNow) => {
    const before = stood ?? Buffer.alloc(0);
    try {
      const now = readNow();
      // Did the run make of the one text the other, then nobody else has written.
      if (own.reduce((text, carry) => carry(now, text), before).equals(now)) return undefined;
      const merged = own.reduceRight((text, carry) => carry(before, text), now);
      const isEmpty = stood === undefined && nothing.test(merged.toString());
      if (!isEmpty) tell();
      return { bytes: isEmpty ? undefined : merged, isRestricted };
    } catch (error) {
      tell((error as Error).message);
      return undefined;
    }
  };
}

/** A text without entries, in any format. */
const nothing = /^\s*(?:\{\s*\})?\s*$/;

const isShared = (entry: JsonObject): entry is JsonObject & SharedUndo => 'shared' in entry;
