import type { PathStat } from '../host/host.ts';
import type { Address } from '../model/catalog.ts';
import { changesOf, isDone, type Change, type Step } from '../model/plan.ts';
import { leftAloneBecause } from './left-alone.ts';
import type { PlanInput } from './make-plan.ts';
import type { Objection } from './objections.ts';

/** What makes way for things of another type. */
export interface Way {
  /** Where it stands. The removal of it is left to the resource that had it, whoever has the path now. */
  readonly paths: ReadonlySet<string>;
  /** Orphans that go before everything else is done. */
  readonly first: ReadonlySet<Address>;
}

export const noWay: Way = { paths: new Set(), first: new Set() };

/** What makes a directory on the way to a file, where nobody says how it is to be. */
const modeOfParents = 0o755;
/** Removals of what left git come before all batches. */
const beforeAll = -1;

/**
 * Of what objections are about: what gives way by itself, since all of it is in the ledger, stands as it was left there, and is removed
 * by this plan before something else needs its place.
 */
export function makeWay(objections: readonly Objection[], steps: readonly Step[], input: PlanInput): Way {
  const blocked = objections.filter(({ inTheWay }) => inTheWay !== undefined);
  if (blocked.length === 0) return noWay;
  const { graph, observation } = input;
  const leaving = whatLeaves(steps, input);
  const going = whatGoes(steps, input);
  const emptied = new Set(going.values());
  const levels = new Map(graph.batches.flatMap((batch, level) => batch.map(({ address }) => [address, level] as const)));
  const levelOf = (address: Address): number => levels.get(address) ?? beforeAll;
  const done = new Set(steps.filter(isDone).map(({ address }) => address));

  /** When all of it is gone, with who removes it; undefined: not before this step, or never. */
  const whenGone = (path: string, { type, mode }: PathStat, step: Address, removers: Set<Address>): number | undefined => {
    if (observation.mountAt(path)) return undefined;
    const remover = leaving.get(path) ?? (emptied.has(step) ? going.get(path) : undefined);
    const level = remover === undefined ? undefined : levelOf(remover);
    const isInTime = remover === step || (level !== undefined && level < levelOf(step));
    if (remover !== undefined) removers.add(remover);
    if (type === 'file' || type === 'link') return isInTime ? level : undefined;
    const names = type === 'directory' ? observation.list(path) : undefined;
    if (!names) return undefined;
    let last = beforeAll;
    for (const name of names) {
      const below = `${path}/${name}`;
      const stat = observation.stat(below);
      const isClaimed = graph.claims.has(below) && !(emptied.has(step) && going.has(below));
      const gone = stat && !isClaimed ? whenGone(below, stat, step, removers) : undefined;
      if (gone === undefined) return undefined;
      last = Math.max(last, gone);
    }
    if (level !== undefined) return isInTime && level >= last ? level : undefined;
    // Made for what stands in it, and taken away by whoever gets its name.
    const isMadeOnTheWay = !leaving.has(path) && names.length > 0 && mode === modeOfParents;
    return isMadeOnTheWay && graph.claims.get(path) === step ? last : undefined;
  };
  /** Somebody else who gets the path has made a directory of it by then. */
  const isMadeInTime = (path: string, step: Address): boolean => {
    const claimant = graph.claims.get(path) ?? step;
    return claimant === step || (done.has(claimant) && levelOf(claimant) < levelOf(step));
  };
  /** What was observed behind a link is not what will be there. */
  const hidesWanted = (link: string): boolean =>
    [...graph.claims.keys(), ...graph.shared].some((path) => path.startsWith(`${link}/`) && observation.stat(path) !== undefined);

  const paths = new Set<string>();
  const first = new Set<Address>();
  for (const [path, own] of Map.groupBy(blocked, ({ inTheWay }) => inTheWay!)) {
    const stat = observation.stat(path);
    const removers = new Set<Address>();
    const makesWay = own.every(
      ({ step }) => stat && isMadeInTime(path, step) && whenGone(path, stat, step, removers) !== undefined,
    );
    if (!makesWay || (stat?.type === 'link' && hidesWanted(path))) continue;
    paths.add(path);
    for (const address of removers) if (levelOf(address) === beforeAll) first.add(address);
  }
  return { paths, first };
}

/** Paths that would be removed because of what the ledger knows, with whose; undefined where it does not stand so any more, or stays. */
function whatLeaves(steps: readonly Step[], input: PlanInput): ReadonlyMap<string, Address | undefined> {
  const { ledger, types, observation, touched, tags, isConfirmed } = input;
  const leaving = new Map<string, Address | undefined>();
  for (const { address, resource, cause, held } of steps) {
    const { kind, desired } = resource;
    const type = types(kind);
    const last = ledger.get(address);
    const observed = observation.byAddress.get(address);
    if (!type.makesWay || !last || !observed) continue;
    const diff = type.diff(desired, observed.actual);
    const mayGo =
      cause === 'orphan' ? last.prune !== 'no' && (last.prune !== 'confirm' || isConfirmed) : diff.action !== 'remove';
    const isLeft = held !== undefined || leftAloneBecause(resource, tags) !== undefined || !mayGo;
    const touchedBy = (wanted: object, changes: readonly Change[]): readonly string[] =>
      changes.length === 0 ? [] : touched(kind, wanted, changes);
    const moved = new Set(touchedBy(last.desired, changesOf(type.diff(last.desired, observed.asApplied ?? observed.actual))));
    const removals = changesOf(diff).filter(({ to }) => to === null);
    for (const path of touchedBy(desired, removals)) {
      const stays = isLeft || moved.has(path) || (leaving.has(path) && leaving.get(path) === undefined);
      leaving.set(path, stays ? undefined : address);
    }
  }
  return leaving;
}

/** Paths that go whatever stands there, with who removes them: so does a directory that they are in, if it is to be absent. */
function whatGoes(steps: readonly Step[], { types, touched }: PlanInput): ReadonlyMap<string, Address> {
  const going = new Map<string, Address>();
  for (const { address, resource, diff, held } of steps)
    if (diff.action === 'remove' && !held && types(resource.kind).makesWay)
      for (const path of touched(resource.kind, resource.desired, diff.changes)) going.set(path, address);
  return going;
}
