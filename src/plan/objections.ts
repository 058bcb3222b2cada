import type { Address } from '../model/catalog.ts';
import { changesOf, type Change, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { largestUndo } from '../model/undo-limit.ts';
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

/** Why a step must not be done, by what stands on the host: the kind's reasons, and those that hold for every path that it would write. */
export function objections(
  { resource, address, diff }: Step,
  { actual }: Observed,
  { types, touched, hasAccount, unwritable, observation, graph }: PlanInput,
): Objection[] {
  const at = resource.origin.assignment < 0 ? {} : { at: resource.origin.at };
  const type = types(resource.kind);
  const found: Objection[] = [];
  const add = (problem: Omit<Problem, 'address' | 'at'>, inTheWay?: string, missing?: string): void => {
    const unless = { ...(inTheWay !== undefined && { inTheWay }), ...(missing !== undefined && { missing }) };
    found.push({ problem: { ...problem, address, ...at }, step: address, ...unless });
  };
  const changes = changesOf(diff);
  for (const { inTheWay, missing, ...refusal } of type.refuses?.(resource.desired, actual, changes) ?? [])
    add(refusal, inTheWay, missing);
  const { owner, group, groups, user } = resource.desired as { readonly [attribute: string]: unknown };
  for (const [kind, name] of [
    ['user', owner],
    ['user', user],
    ['group', group],
    ...(Array.isArray(groups) ? groups : []).map((each: unknown) => ['group', each] as const),
  ] as const)
    if (typeof name === 'string' && diff.action !== 'remove' && !hasAccount(kind, name))
      add({ code: 'unknown-user', message: `this host has no ${kind} "${name}", and nothing in the catalog makes it` });
  const paths = touched(resource.kind, resource.desired, changes);
  const what = whatChanges(changes);
  const walls = new Map(paths.map((path) => unwritable(path, what)).map((wall) => [wall?.where, wall]));
  for (const wall of walls.values())
    // A directory that the catalog has may be made writable by the same run.
    if (wall && (graph.claims.get(wall.where) ?? address) === address)
      add({ code: 'not-writable', message: `${wall.where} cannot be written: ${wall.reason}` });
  const obstacles = new Map(paths.map((path) => observation.obstacleTo(path)).map((obstacle) => [obstacle?.path, obstacle]));
  for (const obstacle of obstacles.values())
    if (obstacle?.type === 'link')
      add(
        {
          code: 'symlink-in-path',
          message: `${obstacle.path} is a symbolic link; nothing is written through it`,
          hint: 'manage the real path',
        },
        obstacle.path,
      );
    else if (obstacle) {
      const what = obstacle.type === 'file' ? 'file' : 'device, fifo or socket';
      add({ code: 'unsafe-target', message: `${obstacle.path} is a ${what}; move it away by hand` }, obstacle.path);
    }
  // A directory that may stay is tried, and one on which something is mounted stays.
  const goes = (path: string): boolean =>
    diff.action !== 'none' &&
    diff.mayStay === undefined &&
    changes.some((change) => change.to === null && touched(resource.kind, resource.desired, [change]).includes(path));
  const isInPlace = (path: string): boolean =>
    observation.stat(path)?.type === 'directory' && !goes(path) && !type.owns?.(resource.desired).includes(path);
  const isFile = (path: string): boolean => observation.stat(path)?.type === 'file';
  // In a directory a program may work in place, but a file it replaces.
  const byProgram = (type.writes?.(resource.desired, changes) ?? []).filter(isFile);
  for (const path of what === 'mode' ? [] : new Set([...paths, ...byProgram])) {
    const mount = observation.mountAt(path);
    if (mount && !isInPlace(path))
      add({
        code: 'unsafe-target',
        message: `${path} is a mount point (${mount.what}), and can be neither replaced nor removed`,
        hint: 'unmount it, change what is mounted there, or let git leave it as it is',
      });
  }
  const files = paths.map((path) => ({ path, ...observation.fileAt(path) }));
  const [linked, ...others] = files.filter(({ links }) => links > 1).map(({ path }) => path);
  if (linked !== undefined)
    add({
      code: 'unsafe-target',
      message: `${linked} has another name (hard link)${others.length > 0 ? `, and ${others.length} more of its files do` : ''}`,
      hint: `\`cp -p ${linked} ${linked}.new && mv ${linked}.new ${linked}\` parts the two; what must stay alike needs two resources`,
    });
  for (const { path, size } of files)
    if (size > largestUndo)
      add({
        code: 'unsafe-target',
        message: `${path} has ${size} bytes; a rollback could not bring back more than ${largestUndo}`,
        hint: 'move it away by hand',
      });
  return found;
}

const whatChanges = (changes: readonly Change[]): 'mode' | 'owner' | 'content' => {
  if (changes.every(({ field }) => field === 'mode')) return 'mode';
  return changes.every(({ field }) => ['mode', 'owner', 'group'].includes(field)) ? 'owner' : 'content';
};
