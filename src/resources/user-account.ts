import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import { changeAccount } from './account-change.ts';
import { findUser, supplementaryGroups, type UserEntry } from './account-files.ts';
import { lingerFile } from './units/unit-place.ts';

/** What a `user` resource wants; what is absent is nobody's business here. */
export interface UserDesired {
  readonly name: string;
  /** pruned: it left git, but stood before, and goes out of `groups` only. */
  readonly ensure: 'present' | 'absent' | 'pruned';
  readonly uid?: number;
  /** The first group. */
  readonly group?: string;
  readonly groups?: readonly string[];
  /** Other groups than `groups` may stay. */
  readonly append: boolean;
  readonly comment?: string;
  readonly home?: AbsolutePath;
  readonly shell?: AbsolutePath;
  readonly system: boolean;
  readonly createHome: boolean;
  readonly removeHome: boolean;
}

/** Why this host's accounts are out of reach, or undefined. */
export function accountsUnsupported(host: HostReader): string | undefined {
  if (!host.live) return 'needs a live host';
  if (!host.stat('/usr/sbin/useradd')) return 'needs useradd, which this host does not have';
  return host.privileged ? undefined : 'needs root to change accounts';
}

/** The groups that a user is to be in, of those that it is in. */
export function wantedGroups({ ensure, groups, append }: UserDesired, actual: readonly string[]): readonly string[] {
  if (groups === undefined) return actual;
  if (ensure === 'pruned') return actual.filter((each) => !groups.includes(each));
  return [...new Set([...(append ? actual : []), ...groups])].sort();
}

export const homeOf = ({ name, home }: Pick<UserDesired, 'name' | 'home'>): AbsolutePath =>
  home ?? (name === 'root' ? '/root' : `/home/${name}`);

/** Debian gives it to accounts that have no home, several at once: whoever owned it could put there what the others obey. */
const noHome: AbsolutePath = '/nonexistent';

/** Whether the home is made where it is missing. */
export const makesHome = ({ createHome }: UserDesired, home: AbsolutePath): boolean => createHome && home !== noHome;

/** The home that a `user` resource gives to the user of this name, where that is not the one that another takes it to be. */
export function otherHomeOf(
  { kind, desired }: { readonly kind: string; readonly desired: object },
  name: string,
  home: string,
): string | undefined {
  const user = desired as UserDesired;
  const isOther = kind === 'user' && user.name === name && user.ensure === 'present' && user.home !== home;
  return isOther ? user.home : undefined;
}

/** Makes the user as desired, from however it stands by now. */
export async function changeUser(desired: UserDesired, host: Host, signal: AbortSignal): Promise<void> {
  const { name, ensure, removeHome } = desired;
  const actual = findUser(name, host);
  if (ensure === 'absent') {
    if (!actual) return;
    await endManager(actual, host, signal);
    const isRemoved = removeHome && host.stat(actual.home) !== undefined;
    return changeAccount(['userdel', ...(isRemoved ? ['--remove'] : []), name], host, signal);
  }
  if (!actual) return ensure === 'pruned' ? undefined : addUser(desired, host, signal);
  const groups = wantedGroups(desired, supplementaryGroups(name, host));
  await alterUser(actual, { ...desired, groups }, host, signal);
  const changed = findUser(name, host);
  if (changed && makesHome(desired, changed.home)) makeHome(changed.home, changed, host);
}

/** Whether the service manager of a user runs without a login. */
export const lingers = (name: string, host: HostReader): boolean => host.stat(lingerFile(name)) !== undefined;

/** userdel keeps an account whose programs run: the manager that was kept running without a login is one, whoever asked for it. */
async function endManager({ name, uid }: UserEntry, host: Host, signal: AbortSignal): Promise<void> {
  if (!lingers(name, host)) return;
  await changeAccount(['loginctl', 'disable-linger', name], host, signal);
  await changeAccount(['systemctl', 'stop', `user@${uid}.service`, `user-runtime-dir@${uid}.service`], host, signal);
}

function addUser(desired: UserDesired, host: Host, signal: AbortSignal): Promise<void> {
  const { name, uid, group, groups = [], comment, shell, system } = desired;
  // A private group is made with the user, unless there is one of that name.
  const first = group ?? (host.groupId(name) === undefined ? undefined : name);
  const options = [
    ...(system ? ['--system'] : []),
    ...(uid === undefined ? [] : ['--uid', String(uid)]),
    ...(first === undefined ? ['--user-group'] : ['--gid', first]),
    ...(groups.length === 0 ? [] : ['--groups', groups.join(',')]),
    ...(comment === undefined ? [] : ['--comment', comment]),
    ...(shell === undefined ? [] : ['--shell', shell]),
    `--home-dir=${homeOf(desired)}`,
    makesHome(desired, homeOf(desired)) ? '--create-home' : '--no-create-home',
  ];
  return changeAccount(['useradd', ...options, name], host, signal);
}

/** What is absent is left as it is. */
export interface WantedUser {
  readonly group?: string;
  readonly comment?: string;
  readonly home?: AbsolutePath;
  readonly shell?: string;
  /** All of them. */
  readonly groups?: readonly string[];
}

/** Changes only what differs: `usermod` refuses some changes while the user's programs run. */
export async function alterUser(actual: UserEntry, wanted: WantedUser, host: Host, signal: AbortSignal): Promise<void> {
  const { group, groups, comment, home, shell } = wanted;
  const present = supplementaryGroups(actual.name, host);
  const options = [
    ...(group === undefined || host.groupId(group) === actual.gid ? [] : ['--gid', group]),
    ...(groups === undefined || groups.join() === present.join() ? [] : ['--groups', groups.join(',')]),
    ...(comment === undefined || comment === actual.comment ? [] : ['--comment', comment]),
    ...(home === undefined || home === actual.home ? [] : ['--home', home]),
    ...(shell === undefined || shell === actual.shell ? [] : ['--shell', shell]),
  ];
  if (options.length > 0) await changeAccount(['usermod', ...options, actual.name], host, signal);
}

/** Nobody else may look into what is made late, for an account that had none. */
function makeHome(home: AbsolutePath, { uid, gid }: UserEntry, host: Host): void {
  if (!host.stat(home)) host.makeDirectory(home, { mode: 0o700, uid, gid });
}
