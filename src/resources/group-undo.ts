import type { Host, HostReader } from '../host/host.ts';
import { changeAccount } from './account-change.ts';
import { administratorsOf, findUser, readGroups, readLines, shadowGroupFile, type GroupEntry } from './account-files.ts';

/** A group as it stood. */
export type SavedGroup = GroupEntry & {
  /** Of its line in /etc/gshadow; undo data of earlier versions has neither. */
  readonly password?: string;
  readonly administrators?: readonly string[];
};

export function captureGroup(name: string, host: HostReader): SavedGroup | null {
  const entry = readGroups(host).find((group) => group.name === name);
  if (!entry) return null;
  const [, password] = readLines(shadowGroupFile, 4, host).find(([group]) => group === name) ?? [];
  if (password === undefined) return entry;
  return { ...entry, password, administrators: administratorsOf(name, host) ?? [] };
}

/** Makes or removes it. One that is there is left as it is: who is in it is told by the users. */
export async function restoreGroup(name: string, before: SavedGroup | null, host: Host, signal: AbortSignal): Promise<void> {
  const now = readGroups(host).find((group) => group.name === name);
  if (!before) return now ? changeAccount(['groupdel', name], host, signal) : undefined;
  if (now) return;
  const { gid, members, password = '', administrators = [] } = before;
  await changeAccount(['groupadd', '--gid', String(gid), name], host, signal);
  // A user that is put back after it comes into it again by itself.
  const [all, some] = [members, administrators].map((names) => names.filter((each) => findUser(each, host)).join(','));
  if (all !== '') await changeAccount(['gpasswd', '--members', all!, name], host, signal);
  if (some !== '') await changeAccount(['gpasswd', '--administrators', some!, name], host, signal);
  // Through the input: an argument would be in every process list.
  if (/^[^!*]/.test(password)) await changeAccount(['chgpasswd', '--encrypted'], host, signal, `${name}:${password}\n`);
}
