import type { Address, CatalogResource } from '../model/catalog.ts';
import { converged, type Diff } from '../model/plan.ts';
import { directoriesOfOthers } from './directories-of-others.ts';
import { isGone } from './is-gone.ts';
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
  const mayTake = (path: string): boolean => {
    const claimant = claimantOf(path) ?? address;
    return claimant === address || findsNothing(claimant, input);
  };
  const isOurs = (path: string): boolean =>
    way.paths.has(path) || (mayTake(path) && !isShared(path) && !isBehindLink(path) && !isOccupied(path));
  const changes = diff.changes.filter((change) => change.to !== null || touched(kind, desired, [change]).every(isOurs));
  return changes.length === diff.changes.length ? diff : changes.length === 0 ? converged : { ...diff, changes };
}

/** It wants nothing to be there, and what stands there is of another type than its own. */
function findsNothing(address: Address, { graph, types, observation }: PlanInput): boolean {
  const observed = observation.byAddress.get(address);
  const resource = graph.batches.flat().find((each) => each.address === address);
  if (!resource || !observed || observed.unsupported !== undefined || !isGone(resource, types)) return false;
  return types(resource.kind).diff(resource.desired, observed.actual).action === 'none';
}
