import type { HostReader } from '../../host/host.ts';
import { converged, type Diff } from '../../model/plan.ts';
import { changeAccount } from '../account-change.ts';
import { addressesById, otherWithId } from '../account-ids.ts';
import { groupFile, readGroups, readUsers } from '../account-files.ts';
import { captureGroup, restoreGroup, type SavedGroup } from '../group-undo.ts';
import { accountsUnsupported } from '../user-account.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';

const spec = ({ z, accountId, accountName }: Vocabulary) =>
  z.strictObject({
    name: accountName,
    ensure: z.enum(['present', 'absent']).default('present'),
    gid: accountId.optional().meta({ description: 'Numeric id; without it the next free one.' }),
    system: z.boolean().default(false).meta({ description: 'Takes the id from the range for system groups.' }),
  });

interface Desired {
  readonly name: string;
  /** pruned: it left git, and stays while somebody has it as the first group. */
  readonly ensure: 'present' | 'absent' | 'pruned';
  readonly gid?: number;
  readonly system: boolean;
}

type State = {
  readonly gid: number | null;
  /** Who has the wanted id already, or another resource that wants it. */
  readonly rival: string | null;
  /** Users of another name whose first group it is. */
  readonly firstOf: readonly string[];
};

/** A group of the host. */
export const group = defineResourceType({
  kind: 'group',
  summary: 'A local group; who is in it is told by its users. One that stood before stays when it leaves git.',
  spec,
  identify: ({ name }) => name,
  prepare: ({ name, ensure, gid, system }): Desired => ({ name, ensure, system, ...(gid !== undefined && { gid }) }),

  survey: (all: readonly Desired[]) => addressesById('group', all, ({ gid }) => gid),

  inspect(desired: Desired, { host, survey }): State {
    const { name, gid } = desired;
    const groups = readGroups(host);
    const rival = gid === undefined ? undefined : groups.find((each) => each.gid === gid && each.name !== name);
    const actual = groups.find((each) => each.name === name)?.gid;
    return {
      gid: actual ?? null,
      rival: rival ? `the group ${rival.name}` : otherWithId(desired, gid, survey),
      firstOf: actual === undefined ? [] : firstOf(actual, name, host),
    };
  },

  diff({ ensure, gid }, actual): Diff {
    if (ensure !== 'present') {
      if (actual.gid === null) return converged;
      const changes = [{ field: 'group', from: actual.gid, to: null }];
      return { action: 'remove', changes, ...(ensure === 'pruned' && { mayStay: 'it is the first group of somebody' }) };
    }
    if (actual.gid === null) return { action: 'create', changes: [{ field: 'group', from: null, to: gid ?? 'next free id' }] };
    if (gid === undefined || gid === actual.gid) return converged;
    return { action: 'update', changes: [{ field: 'gid', from: actual.gid, to: gid }] };
  },

  refuses({ name, ensure, gid }, actual): readonly Refusal[] {
    if (ensure !== 'present') {
      if (actual.gid === 0) return [{ code: 'unsafe-target', message: `${name} is the group of root and is not removed` }];
      const [first] = ensure === 'absent' ? actual.firstOf : [];
      const message = `${name} is the first group of ${first}, and cannot be removed`;
      return first === undefined ? [] : [{ code: 'unsafe-target', message, hint: 'give that user another group first' }];
    }
    if (actual.rival !== null) return [{ code: 'unsafe-target', message: `the id ${gid} belongs to ${actual.rival} already` }];
    if (actual.gid === null || gid === undefined || gid === actual.gid) return [];
    const message = `${name} has the id ${actual.gid}; with ${gid} its files would no longer be its own`;
    return [{ code: 'unsafe-target', message, hint: 'change the id and the files by hand, or drop gid' }];
  },

  apply({ name, ensure, gid, system }, _changes, { host, signal }) {
    const isThere = readGroups(host).some((each) => each.name === name);
    if (ensure !== 'present') {
      const isNeeded = ensure === 'pruned' && readUsers(host, ({ gid: first }) => first === host.groupId(name)).length > 0;
      return isThere && !isNeeded ? changeAccount(['groupdel', name], host, signal) : undefined;
    }
    if (isThere) return undefined;
    const id = gid === undefined ? [] : ['--gid', String(gid)];
    return changeAccount(['groupadd', ...(system ? ['--system'] : []), ...id, name], host, signal);
  },

  undo: {
    outside: true,
    capture: ({ name }, { host }): { readonly name: string; readonly before: SavedGroup | null } => ({
      name,
      before: captureGroup(name, host),
    }),
    restore: ({ name, before }, { host, signal }) => restoreGroup(name, before, host, signal),
  },

  watches: () => [groupFile],
  shared: true,
  writes: () => [groupFile],
  // Whoever has it as the first group goes before it.
  requires: ({ name, ensure }) => (ensure === 'present' ? [] : [`user[${name}]`]),
  parts: {
    of: ({ name, ensure }) => (ensure === 'present' ? [name] : []),
    standing: (all, host) => {
      const there = new Set(readGroups(host).map(({ name }) => name));
      return all.map(({ name }) => name).filter((name) => there.has(name));
    },
    pruned: (desired, made): Desired | undefined => (made.includes(desired.name) ? { ...desired, ensure: 'pruned' } : undefined),
  },
  unsupported: (_desired, host) => accountsUnsupported(host),
  commands: () => ['groupadd', 'groupdel'],
});

const firstOf = (gid: number, name: string, host: HostReader): readonly string[] =>
  readUsers(host, (user) => user.gid === gid && user.name !== name).map((user) => user.name);
