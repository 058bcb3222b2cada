import type { Change } from '../model/plan.ts';
import type { Refusal } from './resource-type.ts';
import { isOfAnotherType } from './tree-order.ts';

/** What stands at a path of a tree, in words: `0644 sha256`, `a link`. */
interface Standing {
  readonly text: string;
  readonly foreign?: true;
}

/** What a tree says of something foreign in a directory of its own in which another filesystem is mounted. */
const onMount = 'a foreign path below';
export const foreignOn = (mount: string): string => `${onMount} ${mount}, which only a tree of its own purges`;

/**
 * What stands where a file of the tree is to be, and among what these changes remove, that nothing could put back. One path of each
 * mount is enough.
 */
export function refusalsInTree(
  root: string,
  standing: { readonly [relative: string]: Standing | null },
  isFile: (relative: string) => boolean,
  changes: readonly Change[],
): readonly Refusal[] {
  const gone = new Set(changes.flatMap(({ field, to }) => (to === null ? [field] : [])));
  const told = new Set<string>();
  // What is in the way of a directory is in the way of the files in it, and is refused as for every kind.
  return Object.entries(standing).flatMap(([relative, found]) => {
    if (!found?.text.startsWith('a ') || !(isFile(relative) || (found.foreign && gone.has(relative)))) return [];
    if (found.text.startsWith(onMount) && told.has(found.text)) return [];
    told.add(found.text);
    const path = `${root}/${relative.replace(/\/$/, '')}`;
    const message = `${path} is ${found.text}; move it away by hand`;
    return [{ code: 'unsafe-target' as const, message, ...(isOfAnotherType(found.text) && { inTheWay: path }) }];
  });
}
