import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import { changeAccount } from './account-change.ts';
import {
  administratorsOf,
  findUser,
  readLines,
  shadowFile,
  shadowGroupFile,
  supplementaryGroups,
  type UserEntry,
} from './account-files.ts';
import { captureGroup, restoreGroup, type SavedGroup } from './group-undo.ts';
import { alterUser, homeOf, lingers, wantedGroups, type UserDesired, type WantedUser } from './user-account.ts';

/** A user as it stood, and what its removal or creation changes beside it. */
export type UserUndo = {
  readonly name: string;
  readonly before: SavedUser | null;
  /** The group of the same name, which comes and goes with the user. */
  readonly ownGroup: SavedGroup | null;
  /** Where the user's home is, or will be, and whether something stood there. */
  readonly home: AbsolutePath;
  readonly hadHome: boolean;
  /** Its service manager ran without a login. */
  readonly lingered?: boolean;
  /** What the change is about, where the user stays; runs of earlier versions did not say, and all of it is put back. */
  readonly made?: MadeOfUser;
};

type MadeOfUser = {
  readonly fields: readonly ('group' | 'comment' | 'home' | 'shell')[];
  readonly joined: readonly string[];
  readonly left: readonly string[];
};

type SavedUser = {
  readonly entry: UserEntry;
  readonly groups: readonly string[];
  /** Groups whose administrator it is; undo data of earlier versions has none. */
  readonly administers?: readonly string[];
  /** The fields of its line in /etc/shadow. */
  readonly shadow: readonly string[] | null;
  /** `start-end` of the ranges in /etc/subuid and /etc/subgid. */
  readonly subuids: readonly string[];
  readonly subgids: readonly string[];
};

const skeleton: AbsolutePath = '/etc/skel';

export function captureUser(desired: UserDesired, host: HostReader): UserUndo {
  const { name } = desired;
  const entry = findUser(name, host);
  const home = desired.home ?? entry?.home ?? homeOf(desired);
  const before = entry && {
    entry,
    groups: supplementaryGroups(name, host),
    administers: readLines(shadowGroupFile, 4, host).flatMap(([group = '', , some = '']) =>
      some.split(',').includes(name) ? [group] : [],
    ),
    shadow: readLines(shadowFile, 8, host).find(([user]) => user === name) ?? null,
    subuids: rangesOf(name, '/etc/subuid', host),
    subgids: rangesOf(name, '/etc/subgid', host),
  };
  const made = before && madeBy(desired, before.entry, before.groups, host);
  return {
    name,
    before: before ?? null,
    ownGroup: captureGroup(name, host),
    home,
    hadHome: host.stat(home) !== undefined,
    lingered: lingers(name, host),
    ...(made && { made }),
  };
}

function madeBy(desired: UserDesired, entry: UserEntry, groups: readonly string[], host: HostReader): MadeOfUser {
  const before = { ...entry, group: host.groupName(entry.gid) };
  const wanted = wantedGroups(desired, groups);
  return {
    fields: (['group', 'comment', 'home', 'shell'] as const).filter(
      (field) => desired[field] !== undefined && desired[field] !== before[field],
    ),
    joined: wanted.filter((each) => !groups.includes(each)),
    left: groups.filter((each) => !wanted.includes(each)),
  };
}

const rangesOf = (name: string, path: AbsolutePath, host: HostReader): readonly string[] =>
  readLines(path, 3, host)
    .filter(([user]) => user === name)
    .map(([, start, count]) => `${start}-${Number(start) + Number(count) - 1}`);

/** Needs neither that the change was begun nor that it ended. */
export async function restoreUser(undo: UserUndo, host: Host, signal: AbortSignal): Promise<void> {
  const { name, before, ownGroup, home, hadHome } = undo;
  const actual = findUser(name, host);
  if (!before) {
    if (!hadHome) removeUntouchedHome(home, host);
    if (actual) await changeAccount(['userdel', name], host, signal);
    return restoreGroup(name, ownGroup, host, signal);
  }
  await restoreGroup(name, ownGroup, host, signal);
  if (actual) {
    await alterUser(actual, fieldsBefore(undo, before, host), host, signal);
    if (!hadHome) host.removeDirectory(home);
    return;
  }
  await addAgain(before, host, signal);
  // Its manager starts with that, for the units that are put back next.
  if (undo.lingered) await changeAccount(['loginctl', 'enable-linger', name], host, signal);
  if (hadHome && !host.stat(home))
    throw new Error(`the user ${name} is back, but what was in ${home} is gone, as remove_home asked`);
}

/** What others have changed since, beside what the run did, stays. */
function fieldsBefore({ name, made }: UserUndo, { entry, groups }: SavedUser, host: HostReader): WantedUser {
  const { gid, comment, home, shell } = entry;
  const before = { group: String(gid), comment, home, shell };
  if (!made) return { ...before, groups };
  const stays = supplementaryGroups(name, host).filter((each) => !made.joined.includes(each));
  const back = made.left.filter((each) => host.groupId(each) !== undefined);
  return {
    ...Object.fromEntries(made.fields.map((field) => [field, before[field]])),
    groups: [...new Set([...stays, ...back])].sort(),
  };
}

async function addAgain(
  { entry, groups, administers = [], shadow, subuids, subgids }: SavedUser,
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  const { name, uid, gid, comment, home, shell } = entry;
  const options = [
    '--no-create-home',
    '--no-user-group',
    `--uid=${uid}`,
    `--gid=${gid}`,
    `--comment=${comment}`,
    `--home-dir=${home}`,
    `--shell=${shell}`,
    ...(groups.length === 0 ? [] : [`--groups=${groups.join(',')}`]),
    '--key=SUB_UID_COUNT=0',
    '--key=SUB_GID_COUNT=0',
  ];
  await changeAccount(['useradd', ...options, name], host, signal);
  for (const group of administers) {
    const others = administratorsOf(group, host);
    if (others)
      await changeAccount(['gpasswd', '--administrators', [...new Set([...others, name])].join(','), group], host, signal);
  }
  const ranges = [
    ...subuids.flatMap((range) => ['--add-subuids', range]),
    ...subgids.flatMap((range) => ['--add-subgids', range]),
  ];
  if (ranges.length > 0) await changeAccount(['usermod', ...ranges, name], host, signal);
  if (!shadow) return;
  const [, password = '', lastday, mindays, maxdays, warndays, inactive, expiredate] = shadow;
  // Through the input: an argument would be in every process list.
  await changeAccount(['chpasswd', '--encrypted'], host, signal, `${name}:${password}\n`);
  const ages = Object.entries({ lastday, mindays, maxdays, warndays, inactive, expiredate });
  const words = ages.flatMap(([option, days]) => [`--${option}`, days || '-1']);
  await changeAccount(['chage', ...words, name], host, signal);
}

/** A home that was made with the user goes with it, but for what somebody has put there since. */
function removeUntouchedHome(home: AbsolutePath, host: Host): void {
  if (host.stat(home)?.type !== 'directory') return;
  removeCopies(skeleton, home, host);
  host.removeDirectory(home);
}

/** Whole, or as far as a `useradd` came that was killed. */
function isBegunCopy(copy: AbsolutePath, original: AbsolutePath, host: Host): boolean {
  const [begun, whole] = [host.readFile(copy), host.readFile(original)];
  return begun !== undefined && whole !== undefined && whole.subarray(0, begun.length).equals(begun);
}

function removeCopies(from: AbsolutePath, to: AbsolutePath, host: Host): void {
  for (const name of host.list(from) ?? []) {
    const [original, copy] = [`${from}/${name}`, `${to}/${name}`];
    const type = host.stat(original)?.type;
    if (type === undefined || host.stat(copy)?.type !== type) continue;
    if (type === 'file' && isBegunCopy(copy, original, host)) host.remove(copy);
    else if (type === 'link' && host.readLink(copy) === host.readLink(original)) host.remove(copy);
    else if (type === 'directory') {
      removeCopies(original, copy, host);
      host.removeDirectory(copy);
    }
  }
}
