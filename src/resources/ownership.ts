import type { HostReader, PathStat } from '../host/host.ts';
import type { Change } from '../model/plan.ts';

/** Owner and group as users wrote them; absent means "whoever it is". */
export interface Ownership {
  readonly owner?: string;
  readonly group?: string;
}

/** The two attributes as a kind keeps them: only those that were given. */
export const ownershipOf = (attributes: {
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
}): Ownership => ({
  ...(attributes.owner !== undefined && { owner: attributes.owner }),
  ...(attributes.group !== undefined && { group: attributes.group }),
});

/** The resources that make them, for `requires`. */
export const accountsOf = ({ owner, group }: Ownership): readonly string[] => [
  ...(owner ? [`user[${owner}]`] : []),
  ...(group ? [`group[${group}]`] : []),
];

/** Owner and group by name as they stand. Null where they cannot be set here: without root's rights they are not compared. */
export type OwnedState = {
  readonly owner: string | null;
  readonly group: string | null;
  readonly uid: number;
  readonly gid: number;
};

export function inspectOwners(stat: PathStat, host: HostReader, wanted: Ownership): OwnedState {
  const { uid, gid } = stat;
  const owner = canSet(wanted.owner, (name) => host.userId(name), host) ? host.userName(uid) : null;
  const group = canSet(wanted.group, (name) => host.groupId(name), host) ? host.groupName(gid) : null;
  return { owner, group, uid, gid };
}

/** A sandbox or an image need not know the users of the host that it stands for. */
const canSet = (name: string | undefined, idOf: (name: string) => number | undefined, host: HostReader): boolean =>
  host.privileged && (host.live || name === undefined || idOf(name) !== undefined);

export function diffOwners(wanted: Ownership, actual: OwnedState): Change[] {
  const changes: Change[] = [];
  for (const [field, id] of [
    ['owner', actual.uid],
    ['group', actual.gid],
  ] as const) {
    const to = wanted[field];
    const from = actual[field];
    if (to !== undefined && from !== null && from !== to && to !== String(id)) changes.push({ field, from, to });
  }
  return changes;
}

/** Ids for the Host's calls; absent where nothing is wanted. Throws for a name that this host does not know. */
export function ownerIds(wanted: Ownership, host: HostReader): { readonly uid?: number; readonly gid?: number } {
  if (!host.privileged) return {};
  const uid = wanted.owner === undefined ? undefined : host.userId(wanted.owner);
  const gid = wanted.group === undefined ? undefined : host.groupId(wanted.group);
  if (host.live && wanted.owner !== undefined && uid === undefined) throw new Error(`this host has no user "${wanted.owner}"`);
  if (host.live && wanted.group !== undefined && gid === undefined) throw new Error(`this host has no group "${wanted.group}"`);
  return { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) };
}

/** Sets what `ownerIds` found on a path that exists; -1 leaves it. */
export function applyOwners(
  path: string,
  wanted: Ownership,
  host: HostReader & { setOwner(path: string, uid: number, gid: number): void },
): void {
  const { uid, gid } = ownerIds(wanted, host);
  if (uid !== undefined || gid !== undefined) host.setOwner(path, uid ?? -1, gid ?? -1);
}

/** A replaced file or link keeps the owner that nobody asked to change. */
export const keptOwners = (
  stat: Pick<PathStat, 'type' | 'uid' | 'gid'> | undefined,
  { privileged }: HostReader,
  type: 'file' | 'link' = 'file',
): { readonly uid?: number; readonly gid?: number } =>
  stat?.type === type && privileged ? { uid: stat.uid, gid: stat.gid } : {};
