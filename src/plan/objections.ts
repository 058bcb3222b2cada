import type { Address } from '../model/catalog.ts';
import { changesOf, type Change, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { largestUndo } from '../model/undo-limit.ts';
import type { Refusal } from '../resources/resource-type.ts';
import type { PlanInput } from './make-plan.ts';
import type { Observed } from './observe.ts';

export interface Objection {
  readonly problem: Problem;
  readonly step: Address;
  /** Where something stands that should be of another type. There is nothing to object where that makes way. */
  readonly inTheWay?: string;
  /** What an earlier step may bring. There is nothing to object then. */
  readonly missing?: string;
}

/** A step, and what it would write. */
interface Subject {
  readonly step: Step;
  readonly changes: readonly Change[];
  readonly paths: readonly string[];
  /** Files that programs would write for it. In a directory they may work in place, but a file they replace. */
  readonly byProgram: readonly string[];
}

type Rule = (subject: Subject, input: PlanInput) => Iterable<Refusal>;

/** They hold for every kind. */
const rules: readonly Rule[] = [missingAccounts, unwritablePaths, obstacles, mountPoints, irreplaceableFiles];

/** Why a step must not be done, by what stands on the host: the kind's reasons, and those that hold for every path that it would write. */
export function objections(step: Step, { actual }: Observed, input: PlanInput): Objection[] {
  const { resource, address, diff } = step;
  const at = resource.origin.assignment < 0 ? {} : { at: resource.origin.at };
  const changes = changesOf(diff);
  const type = input.types(resource.kind);
  const paths = input.touched(resource.kind, resource.desired, changes);
  const written = type.writes?.(resource.desired, changes) ?? [];
  const byProgram = written.filter((path) => input.observation.stat(path)?.type === 'file');
  const ofKind = type.refuses?.(resource.desired, actual, changes) ?? [];
  const found = [...ofKind, ...rules.flatMap((rule) => [...rule({ step, changes, paths, byProgram }, input)])];
  return found.map(({ inTheWay, missing, ...refusal }) => ({
    problem: { ...refusal, address, ...at },
    step: address,
    ...(inTheWay !== undefined && { inTheWay }),
    ...(missing !== undefined && { missing }),
  }));
}

function* missingAccounts({ step: { resource, diff } }: Subject, { hasAccount }: PlanInput): Generator<Refusal> {
  if (diff.action === 'remove') return;
  const { owner, group, groups, user } = resource.desired as { readonly [attribute: string]: unknown };
  const named = [
    ['user', owner],
    ['user', user],
    ['group', group],
    ...(Array.isArray(groups) ? groups : []).map((each: unknown) => ['group', each] as const),
  ] as const;
  for (const [kind, name] of named)
    if (typeof name === 'string' && !hasAccount(kind, name))
      yield { code: 'unknown-user', message: `this host has no ${kind} "${name}", and nothing in the catalog makes it` };
}

function* unwritablePaths(
  { step: { address }, changes, paths, byProgram }: Subject,
  { unwritable, graph }: PlanInput,
): Generator<Refusal> {
  const what = whatChanges(changes);
  const allWalls = [...paths.map((path) => unwritable(path, what)), ...byProgram.map((path) => unwritable(path, 'by-program'))];
  const walls = new Map(allWalls.map((wall) => [wall?.where, wall]));
  for (const wall of walls.values())
    // A directory that the catalog has may be made writable by the same run.
    if (wall && (graph.claims.get(wall.where) ?? address) === address)
      yield { code: 'not-writable', message: `${wall.where} cannot be written: ${wall.reason}` };
}

function* obstacles({ paths }: Subject, { observation }: PlanInput): Generator<Refusal> {
  const found = new Map(paths.map((path) => observation.obstacleTo(path)).map((obstacle) => [obstacle?.path, obstacle]));
  for (const obstacle of found.values()) {
    if (!obstacle) continue;
    const { path, type } = obstacle;
    if (type === 'link') {
      const message = `${path} is a symbolic link; nothing is written through it`;
      yield { code: 'symlink-in-path', message, hint: 'manage the real path', inTheWay: path };
    } else {
      const what = type === 'file' ? 'file' : 'device, fifo or socket';
      yield { code: 'unsafe-target', message: `${path} is a ${what}; move it away by hand`, inTheWay: path };
    }
  }
}

function* mountPoints(
  { step: { resource, diff }, changes, paths, byProgram }: Subject,
  { types, touched, observation }: PlanInput,
): Generator<Refusal> {
  if (whatChanges(changes) === 'mode') return;
  const { kind, desired } = resource;
  const { owns } = types(kind);
  // A directory that may stay is tried, and one on which something is mounted stays.
  const goes = (path: string): boolean =>
    diff.action !== 'none' &&
    diff.mayStay === undefined &&
    changes.some((change) => change.to === null && touched(kind, desired, [change]).includes(path));
  const isInPlace = (path: string): boolean =>
    observation.stat(path)?.type === 'directory' && !goes(path) && !owns?.(desired).includes(path);
  for (const path of new Set([...paths, ...byProgram])) {
    const mount = observation.mountAt(path);
    if (mount && !isInPlace(path))
      yield {
        code: 'unsafe-target',
        message: `${path} is a mount point (${mount.what}), and can be neither replaced nor removed`,
        hint: 'unmount it, change what is mounted there, or let git leave it as it is',
      };
  }
}

/** What a rollback could not bring back as it is. */
function* irreplaceableFiles({ paths }: Subject, { observation }: PlanInput): Generator<Refusal> {
  const files = paths.map((path) => ({ path, ...observation.fileAt(path) }));
  const [linked, ...others] = files.filter(({ links }) => links > 1).map(({ path }) => path);
  if (linked !== undefined)
    yield {
      code: 'unsafe-target',
      message: `${linked} has another name (hard link)${others.length > 0 ? `, and ${others.length} more of its files do` : ''}`,
      hint: `\`cp -p ${linked} ${linked}.new && mv ${linked}.new ${linked}\` parts the two; what must stay alike needs two resources`,
    };
  for (const { path, size } of files)
    if (size > largestUndo)
      yield {
        code: 'unsafe-target',
        message: `${path} has ${size} bytes; a rollback could not bring back more than ${largestUndo}`,
        hint: 'move it away by hand',
      };
}

const whatChanges = (changes: readonly Change[]): 'mode' | 'owner' | 'content' => {
  if (changes.every(({ field }) => field === 'mode')) return 'mode';
  return changes.every(({ field }) => ['mode', 'owner', 'group'].includes(field)) ? 'owner' : 'content';
};
