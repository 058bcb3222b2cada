import type { Address, CatalogResource } from '../model/catalog.ts';
import { converged, type Diff } from '../model/plan.ts';
import { directoriesOfOthers } from './directories-of-others.ts';
import type { PlanInput } from './make-plan.ts';
import type { Way } from './make-way.ts';

/**
 * A path that left one resource and is now another's, or has entries of others, is not removed by the first, nor is a directory in
 * which others have something: of an orphan it is tried, and may stay. Entries go from every file that no other resource owns.
 */
export function withoutClaimed(
  diff: Diff,
  { address, kind, desired, origin }: CatalogResource,
  input: PlanInput,
  way: Way,
): Diff {
  if (diff.action === 'none') return diff;
  const { graph, touched, types, observation } = input;
  const { entries, shared } = types(kind);
  const claimantOf = (path: string): Address | undefined => (entries ? graph.owners.get(path)?.address : graph.claims.get(path));
  const isShared = (path: string): boolean => !entries && shared !== true && graph.shared.has(path);
  // A link has the place of its directory: what stands behind that is something else.
  const isBehindLink = (path: string): boolean => {
    const obstacle = observation.obstacleTo(path);
    return obstacle?.type === 'link' && graph.owners.get(obstacle.path)?.kind === 'link';
  };
  let occupied: ReadonlySet<string> | undefined;
  const isOccupied = (path: string): boolean =>
    origin.assignment >= 0 && (occupied ??= directoriesOfOthers({ address, kind }, graph, types)).has(path);
  const isOurs = (path: string): boolean =>
    way.paths.has(path) ||
    ((claimantOf(path) ?? address) === address && !isShared(path) && !isBehindLink(path) && !isOccupied(path));
  const changes = diff.changes.filter((change) => change.to !== null || touched(kind, desired, [change]).every(isOurs));
  return changes.length === diff.changes.length ? diff : changes.length === 0 ? converged : { ...diff, changes };
}
