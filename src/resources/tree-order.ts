import type { Change } from '../model/plan.ts';

/** What the kind says of a path where something else stands than it knows there. */
const otherTypes = new Set<unknown>(['a directory', 'a file', 'a link']);
export const isOfAnotherType = (text: unknown): boolean => otherTypes.has(text);

/**
 * Directories before what goes into them; removals deepest first, and last but for those that make way for something of another
 * type: `a` for `a/`, all of `a/` for `a`.
 */
export function sortedForApply(changes: readonly Change[]): Change[] {
  const byPath = changes.toSorted((a, b) => (a.field < b.field ? -1 : 1));
  const made = byPath.filter(({ to }) => to !== null);
  const blocked = made.filter(({ from }) => isOfAnotherType(from)).map(({ field }) => field);
  const makesWay = ({ field }: Change): boolean =>
    blocked.some((path) => (path.endsWith('/') ? path === `${field}/` : field.startsWith(`${path}/`)));
  const removed = byPath.filter(({ to }) => to === null).toReversed();
  return [...removed.filter(makesWay), ...made, ...removed.filter((change) => !makesWay(change))];
}
