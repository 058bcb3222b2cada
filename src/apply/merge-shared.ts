import type { JsonObject } from '../model/json.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import { pathsUndo } from './undo.ts';

/**
 * What to put back into a file that others write too: what stood `before` a run, but with what others than the run have made
 * different by `now`. Undefined where only the run has written, and where one of the texts cannot be read: it is put back whole then.
 */
export type Merge = (before: Buffer, now: Buffer) => Buffer | undefined;

/** What a journalled entry says of such a file. */
interface SharedUndo {
  readonly kind: string;
  readonly shared: { readonly path: string; readonly names: JsonObject };
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
  const own = undos.map(({ kind, shared: { names } }) => (from: Buffer, onto: Buffer): Buffer => {
    const { entries } = types(kind);
    return entries ? entries.carry(names, from, onto) : onto;
  });
  return (before, now) => {
    try {
      // Did the run make of the one text the other, then nobody else has written.
      if (own.reduce((text, carry) => carry(now, text), before).equals(now)) return undefined;
      const merged = own.reduceRight((text, carry) => carry(before, text), now);
      tell();
      return merged;
    } catch (error) {
      tell((error as Error).message);
      return undefined;
    }
  };
}

const isShared = (entry: JsonObject): entry is JsonObject & SharedUndo => 'shared' in entry;
