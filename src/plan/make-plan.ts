import { dirname } from 'node:path/posix';
import type { HostReader } from '../host/host.ts';
import { idIn, type Address, type Catalog, type CatalogResource } from '../model/catalog.ts';
import { digestOf } from '../model/json.ts';
import type { LastApplied } from '../model/last-applied.ts';
import type { WithProblems } from '../model/located.ts';
import { converged, isDone, type Cause, type Change, type Diff, type Plan, type Step } from '../model/plan.ts';
import { parsePosition, type Problem } from '../model/problem.ts';
import { holdsSecret } from '../model/secret.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import type { Graph } from './graph.ts';
import type { Observation, Observed } from './observe.ts';
import { leftAloneBecause } from './left-alone.ts';
import { makeWay, noWay, type Way } from './make-way.ts';
import { prunedOf } from './made.ts';
import { mayBring } from './may-bring.ts';
import { neededLast } from './needed-last.ts';
import { objections, type Objection } from './objections.ts';
import { refreshesLeft, refreshesOf } from './refreshes.ts';
import { secretPathMarker } from './secret-paths.ts';

export interface PlanInput {
  readonly host: string;
  readonly graph: Graph;
  readonly observation: Observation;
  readonly observes: Catalog['observes'];
  readonly ledger: ReadonlyMap<Address, LastApplied>;
  readonly owed: readonly Address[];
  readonly types: (kind: string) => AnyResourceType;
  /** Paths that a kind would create, replace or remove on this host for these changes. */
  touched(kind: string, desired: object, changes: readonly Change[]): readonly string[];
  /** Why the run could not write a path, and where that stops. A check does not ask. */
  readonly unwritable: HostReader['unwritable'];
  /** Whether the host has, or the catalog will make, this user or group. */
  hasAccount(kind: 'user' | 'group', name: string): boolean;
  /** Whether it is left out as an owner, since what stands for the host does not have it. */
  isOwnerLeftOut(kind: 'user' | 'group', name: string): boolean;
  /** False under `--root`: nothing is run. */
  readonly live: boolean;
  /** Only resources with one of these tags are done; empty: all. */
  readonly tags: readonly string[];
  /** Resources that somebody else keeps changing. */
  readonly contested: readonly Address[];
  /** A person has confirmed this very plan, deletions included. */
  readonly isConfirmed: boolean;
}

/** Compares desired, actual and last applied, and says per resource what differs, why, and what will be done. Pure. */
export function makePlan(input: PlanInput): Plan & WithProblems {
  const { plan, found } = draft(input, noWay);
  const way = makeWay(found, plan.steps, input);
  return way.paths.size === 0 ? plan : draft(input, way).plan;
}

interface Draft {
  readonly plan: Plan & WithProblems;
  readonly found: readonly Objection[];
}

/** `way`: what is known to go before others get its place. */
function draft(input: PlanInput, way: Way): Draft {
  const { graph, observation, ledger, host } = input;
  const resources = graph.batches.flat();
  const observeOnly = new Set(resources.filter(({ mode }) => mode === 'observe').map(({ address }) => address));
  const owed = input.owed.filter((address) => !observeOnly.has(address));
  const steps: Step[] = [];
  const batches: number[][] = [];
  const marked = secretPathMarker(resources, ledger, input.types);
  const addBatch = (made: readonly (Step | undefined)[]): void => {
    batches.push(made.flatMap((step) => (step ? [steps.push(marked(step)) - 1] : [])));
  };
  const wanted = new Set(resources.map(({ address }) => address));
  // Deeper paths first, whatever their kinds: what stands in a directory goes before it.
  const orphans = neededLast(
    [...ledger.values()]
      .filter(({ address }) => !wanted.has(address))
      .toSorted((a, b) => (idIn(a.address) < idIn(b.address) ? 1 : -1)),
    input.types,
  );
  const levels = graph.batches.map((level) => level.map((resource) => desiredStep(resource, input, observeOnly, way)));
  const goes = new Set(way.first);
  for (const step of levels.flat()) if (step && isDone(step) && step.diff.action === 'remove') goes.add(step.address);
  // Who requires what goes is before it in the list, and goes before that.
  for (const { address, kind, desired } of orphans.toReversed()) {
    const required = input.types(kind).requires?.(desired) ?? [];
    if (required.some((each) => goes.has(each))) goes.add(address);
  }
  const goesFirst = ({ address }: LastApplied): boolean => goes.has(address);
  for (const orphan of orphans.filter(goesFirst)) addBatch([orphanStep(orphan, input, way)]);
  for (const level of levels) addBatch(level);
  for (const orphan of orphans) if (!goesFirst(orphan)) addBatch([orphanStep(orphan, input, way)]);
  const isToCome = (missing: string, before: Address): boolean => {
    const batch = batches.findIndex((numbers) => numbers.some((number) => steps[number]!.address === before));
    return batches.slice(0, batch).some((numbers) => numbers.some((number) => mayBring(steps[number]!, missing)));
  };
  const found = steps
    .filter(isDone)
    .flatMap((step) => objections(step, observation.byAddress.get(step.address)!, input))
    .filter(({ missing, step }) => missing === undefined || !isToCome(missing, step))
    .filter(({ inTheWay }) => inTheWay === undefined || !way.paths.has(inTheWay));
  const problems: Problem[] = found.map(({ problem }) => problem);
  for (const { address, message } of observation.failures)
    problems.push({ code: 'unsafe-target', message: `cannot be inspected: ${message}`, address });
  // A removal that waits for a person has the same digest before and after the confirmation: `apply FILE` is the confirmation.
  const done = steps
    .filter((step) => isDone(step) || step.held?.reason === 'prune')
    .map(({ address, diff, resource, refreshes }) => ({
      address,
      diff,
      desired: resource.digest,
      ...(refreshes.length > 0 && { refreshes: refreshes.toSorted() }),
    }));
  const digest = digestOf({ host, done, owed });
  return { plan: { host, steps, batches: batches.filter((batch) => batch.length > 0), owed, digest, problems }, found };
}

/** Whether contents of the resource must not be shown. */
export const isSensitive = ({ sensitive, desired }: CatalogResource): boolean => sensitive || holdsSecret(desired);

function desiredStep(resource: CatalogResource, input: PlanInput, observeOnly: ReadonlySet<Address>, way: Way): Step | undefined {
  const { observation, ledger, types } = input;
  const observed = observation.byAddress.get(resource.address);
  if (!observed) return undefined;
  const type = types(resource.kind);
  const last = ledger.get(resource.address);
  const sensitive = isSensitive(resource) || last?.sensitive === true;
  const base = { address: resource.address, resource, sensitive };
  const leftAlone = leftAloneBecause(resource, input.tags);
  if (observed.unsupported !== undefined) {
    const held = leftAlone?.reason === 'tags' ? leftAlone : { reason: 'unsupported' as const, message: observed.unsupported };
    return { ...base, cause: 'converged', diff: converged, refreshes: [], held };
  }
  const diff = withoutClaimed(type.diff(resource.desired, observed.actual), resource, input, way);
  const found = causeOf(diff, resource, last, observed, input, way);
  // Taking it into the ledger would make it ours to remove once it leaves git.
  const cause = leftAlone && found === 'adopted' ? 'converged' : found;
  const held = diff.action === 'none' ? undefined : (leftAlone ?? heldBecause(resource, cause, input.contested));
  return {
    ...base,
    cause,
    diff,
    refreshes: diff.action === 'none' || held ? [] : refreshesOf(resource, diff.changes, input, observeOnly),
    ...(held && { held }),
    ...noteOf(resource, diff, observed, input),
  };
}

function ownerLeftOut({ desired }: CatalogResource, input: PlanInput): string | undefined {
  const { owner, group } = desired as { readonly [attribute: string]: unknown };
  if (typeof owner === 'string' && input.isOwnerLeftOut('user', owner)) return `owner is left out: --root has no user "${owner}"`;
  if (typeof group === 'string' && input.isOwnerLeftOut('group', group))
    return `group is left out: --root has no group "${group}"`;
  return undefined;
}

function noteOf(resource: CatalogResource, diff: Diff, { actual }: Observed, input: PlanInput): Pick<Step, 'note'> {
  const type = input.types(resource.kind);
  const leftOut = (): string | undefined =>
    hasValidation(resource, diff)
      ? 'validate is not run under --root'
      : (type.leavesOut?.(resource.desired) ?? ownerLeftOut(resource, input));
  const note = input.live ? type.lacks?.(resource.desired, actual) : leftOut();
  return note === undefined ? {} : { note };
}

const hasValidation = ({ desired }: CatalogResource, diff: Diff): boolean => diff.action !== 'none' && 'validate' in desired;

/** Design §6: last applied, actual and desired give the cause. */
function causeOf(
  diff: Diff,
  resource: CatalogResource,
  last: LastApplied | undefined,
  { actual, asApplied }: Observed,
  input: PlanInput,
  way: Way,
): Cause {
  const hasMoved = last?.digest !== resource.digest;
  if (diff.action === 'none') return hasMoved ? 'adopted' : 'converged';
  if (!last) return diff.action === 'create' ? 'upstream' : 'unmanaged';
  const sinceApplied = input.types(resource.kind).diff(last.desired, asApplied ?? actual);
  const isAsApplied = withoutClaimed(sinceApplied, { ...resource, desired: last.desired }, input, way).action === 'none';
  if (isAsApplied) return 'upstream';
  return hasMoved ? 'conflict' : 'drift';
}

/**
 * A path that left one resource and is now another's, or has entries of others, is not removed by the first, nor is a directory in
 * which others have something: of an orphan it is tried, and may stay. Entries go from every file that no other resource owns.
 */
function withoutClaimed(diff: Diff, { address, kind, desired, origin }: CatalogResource, input: PlanInput, way: Way): Diff {
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
    origin.assignment >= 0 && (occupied ??= directoriesOfOthers(address, graph)).has(path);
  const isOurs = (path: string): boolean =>
    way.paths.has(path) ||
    ((claimantOf(path) ?? address) === address && !isShared(path) && !isBehindLink(path) && !isOccupied(path));
  const changes = diff.changes.filter((change) => change.to !== null || touched(kind, desired, [change]).every(isOurs));
  return changes.length === diff.changes.length ? diff : changes.length === 0 ? converged : { ...diff, changes };
}

/** All that are above a path of another resource. */
function directoriesOfOthers(address: Address, { claims, shared }: Graph): ReadonlySet<string> {
  const found = new Set<string>();
  const others = [...claims].flatMap(([path, owner]) => (owner === address ? [] : [path]));
  for (const path of [...others, ...shared])
    for (let above = dirname(path); !found.has(above); above = dirname(above)) found.add(above);
  return found;
}

function heldBecause({ address, onDrift }: CatalogResource, cause: Cause, contested: readonly Address[]): Step['held'] {
  if (cause !== 'drift' && cause !== 'conflict') return undefined;
  if (cause === 'drift' && contested.includes(address))
    return {
      reason: 'contested',
      message: 'contested: something else keeps changing it, so that it is not repaired for a while',
    };
  if (onDrift === 'report') return { reason: 'on_drift', message: 'local changes are reported, not repaired (on_drift: report)' };
  if (onDrift === 'hold')
    return {
      reason: 'on_drift',
      message: 'local changes are held until a person puts them into git or takes them back (on_drift: hold)',
    };
  return undefined;
}

function orphanStep(last: LastApplied, input: PlanInput, way: Way): Step {
  const { observation, observes, types, tags, isConfirmed } = input;
  const type = types(last.kind);
  const observed = observation.byAddress.get(last.address);
  const absent = prunedOf(last, type);
  const resource = orphanResource(last, absent ?? last.desired);
  const base = { address: last.address, resource, cause: 'orphan' as const, refreshes: [], sensitive: last.sensitive };
  if (tags.length > 0)
    return { ...base, diff: converged, held: { reason: 'tags', message: 'left git; not removed while --tags chooses' } };
  // What cannot be undone by its kind (a command) is only forgotten.
  if (!observed || absent === undefined) return { ...base, diff: converged, ...keptNote(last, type) };
  if (observed.unsupported !== undefined)
    return { ...base, diff: converged, held: { reason: 'unsupported', message: observed.unsupported } };
  const diff = withoutClaimed(type.diff(absent, observed.actual), resource, input, way);
  // Git only wanted it to be absent: what stands there came from others.
  const wasToGo = diff.action !== 'none' && type.diff(last.desired, observed.actual).action === 'remove';
  if (diff.action === 'none' || wasToGo || last.prune === 'no') return { ...base, diff: converged };
  const removal: Diff = { ...diff, action: 'remove' };
  if (observes === 'all' || observes.includes(parsePosition(last.origin).file))
    return {
      ...base,
      diff: removal,
      held: { reason: 'observe', message: 'left git; not removed where the assignment observes only' },
    };
  if (last.prune === 'confirm' && !isConfirmed)
    return {
      ...base,
      diff: removal,
      held: { reason: 'prune', message: 'left git; its removal waits for `reconcile plan -o FILE` and `reconcile apply FILE`' },
    };
  return { ...base, diff: removal, refreshes: refreshesLeft(last, input), ...keptNote(last, type) };
}

const keptNote = ({ desired, made }: LastApplied, { parts }: AnyResourceType): Pick<Step, 'note'> =>
  (parts?.of(desired) ?? []).every((part) => made.includes(part))
    ? {}
    : { note: 'what is not known to be made here is left alone' };

const orphanResource = (last: LastApplied, desired: object): CatalogResource => ({
  address: last.address,
  kind: last.kind,
  id: idIn(last.address),
  desired,
  digest: last.digest,
  origin: { at: parsePosition(last.origin), assignment: -1, variables: [] },
  after: [],
  notify: [],
  tags: [],
  onDrift: 'heal',
  prune: last.prune,
  sensitive: last.sensitive,
  mode: 'enforce',
});
