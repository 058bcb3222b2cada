import { converged, type Change } from '../../model/plan.ts';
import { formatMode, parseMode } from '../file-mode.ts';
import { accountsOf, applyOwners, diffOwners, inspectOwners, ownerIds, ownershipOf, type OwnedState } from '../ownership.ts';
import { defineResourceType, type Vocabulary } from '../resource-type.ts';

const spec = ({ z, absolutePath, fileMode, ownerName }: Vocabulary) =>
  z.strictObject({
    path: absolutePath,
    ensure: z
      .enum(['present', 'absent'])
      .default('present')
      .meta({ description: 'absent: no such directory; refused while something is in it.' }),
    mode: fileMode.default('0755'),
    owner: ownerName.optional(),
    group: ownerName.optional(),
  });

interface Desired {
  readonly path: string;
  /** pruned: removed if it is empty by then, and kept otherwise. */
  readonly ensure: 'present' | 'absent' | 'pruned';
  readonly mode: string;
  readonly owner?: string;
  readonly group?: string;
}

type State =
  | { readonly type: 'absent' | 'file' | 'link' | 'other' }
  | ({ readonly type: 'directory'; readonly mode: string; readonly entries: number } & OwnedState);

export const directory = defineResourceType({
  kind: 'directory',
  summary: 'A directory with mode and owner; what is in it is not its business.',
  spec,
  identify: ({ path }) => path,
  prepare: ({ path, ensure, mode, owner, group }): Desired => ({
    path,
    ensure,
    mode: formatMode(parseMode(mode)),
    ...ownershipOf({ owner, group }),
  }),
  inspect: (desired, { host }): State => {
    const { path, ensure } = desired;
    const stat = host.stat(path);
    if (!stat) return { type: 'absent' };
    if (stat.type !== 'directory') return { type: stat.type };
    const entries = ensure === 'absent' ? (host.list(path)?.length ?? 0) : 0;
    return { type: 'directory', mode: formatMode(stat.mode), entries, ...inspectOwners(stat, host, desired) };
  },
  diff: (desired, actual) => {
    if (desired.ensure !== 'present') {
      if (actual.type !== 'directory') return converged;
      const changes = [{ field: 'directory', from: actual.mode, to: null }];
      return { action: 'remove', changes, ...(desired.ensure === 'pruned' && { mayStay: 'something is in it' }) };
    }
    if (actual.type !== 'directory') return { action: 'create', changes: [{ field: 'directory', from: null, to: desired.mode }] };
    const changes: Change[] = actual.mode === desired.mode ? [] : [{ field: 'mode', from: actual.mode, to: desired.mode }];
    changes.push(...diffOwners(desired, actual));
    return changes.length === 0 ? converged : { action: 'update', changes };
  },
  refuses: ({ path, ensure }, actual) => {
    if (ensure === 'present' && actual.type !== 'directory' && actual.type !== 'absent')
      return [
        {
          code: 'unsafe-target',
          message: `${path} is a ${actual.type}, where a directory is wanted`,
          hint: 'move it away by hand',
          inTheWay: path,
        },
      ];
    if (ensure === 'absent' && actual.type === 'directory' && actual.entries > 0)
      return [
        {
          code: 'unsafe-target',
          message: `${path} is not empty (${actual.entries} entries) and is only removed when it is`,
          hint: 'remove its contents, or drop the resource',
          inTheWay: path,
        },
      ];
    return [];
  },
  apply: (desired, changes, { host }) => {
    const { path, mode } = desired;
    if (desired.ensure !== 'present') return host.removeDirectory(path);
    // What stands in it may have come first, where users say so, and its parents were made then.
    if (host.stat(path)?.type !== 'directory')
      return host.makeDirectory(path, { mode: parseMode(mode), ...ownerIds(desired, host) });
    if (changes.some(({ field }) => field !== 'mode')) applyOwners(path, desired, host);
    return host.setMode(path, parseMode(mode));
  },
  watches: ({ path, ensure }) => [ensure === 'absent' ? `${path}/` : path],
  makesWay: true,
  touches: ({ path }) => [path],
  modes: ({ path, mode, ensure }) => (ensure !== 'present' ? [] : [{ path, mode, isDirectory: true }]),
  requires: (desired) => accountsOf(desired),
  absent: (desired): Desired => ({ ...desired, ensure: 'pruned' }),
});
