import { own, type JsonObject } from '../model/json.ts';
import { formatPath, parsePath, valueAt } from './formats/format.ts';
import { fingerprint, type Leaves } from './leaf-value.ts';

/**
 * The list of others through which one of the keys leads: a mapping in its place would lose all of its items. One that `ours` set, and
 * that is as it was left, may go, and nothing is lost with an empty one. What is unset below a list is not there, but an item of it
 * may be meant.
 */
export function listInTheWay(
  { leaves, unset }: { readonly leaves: Leaves; readonly unset: readonly string[] },
  tree: JsonObject,
  ours: Leaves,
): string | undefined {
  const isForeignList = (name: string): boolean => {
    const value = valueAt(tree, parsePath(name));
    const mine = own(ours, name);
    return Array.isArray(value) && value.length > 0 && (mine === undefined || fingerprint(mine) !== fingerprint(value));
  };
  const above = (leaf: string, mayPass: (key: string) => boolean): readonly string[] => {
    const path = parsePath(leaf);
    return path.slice(1).flatMap((key, index) => (mayPass(key) ? [] : [formatPath(path.slice(0, index + 1))]));
  };
  const names = [
    ...Object.keys(leaves).flatMap((leaf) => above(leaf, () => false)),
    ...unset.flatMap((leaf) => above(leaf, (key) => !/^\d+$/.test(key))),
  ];
  return [...new Set(names)].find(isForeignList);
}
