import type { AbsolutePath, HostReader } from '../host/host.ts';

export const passwdFile: AbsolutePath = '/etc/passwd';
export const groupFile: AbsolutePath = '/etc/group';
export const shadowFile: AbsolutePath = '/etc/shadow';
export const shadowGroupFile: AbsolutePath = '/etc/gshadow';

/** Who may change the members of a group, by its line in /etc/gshadow; undefined where it has none. */
export function administratorsOf(group: string, host: HostReader): readonly string[] | undefined {
  const line = readLines(shadowGroupFile, 4, host).find(([name]) => name === group);
  return line?.[2]?.split(',').filter((each) => each !== '');
}

export type UserEntry = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: AbsolutePath;
  readonly shell: string;
};

export type GroupEntry = { readonly name: string; readonly gid: number; readonly members: readonly string[] };

export const findUser = (name: string, host: HostReader): UserEntry | undefined =>
  host.parsed(passwdFile, parseUsers).byName.get(name);

/** Users of the host's own file, in its order. No program is asked. */
export const readUsers = (host: HostReader, isWanted: (entry: UserEntry) => boolean): readonly UserEntry[] =>
  host.parsed(passwdFile, parseUsers).all.filter(isWanted);

export const readGroups = (host: HostReader): readonly GroupEntry[] => host.parsed(groupFile, parseGroups).all;

/** Names of the groups that a user is in beside the first one, sorted. */
export const supplementaryGroups = (name: string, host: HostReader): readonly string[] =>
  host.parsed(groupFile, parseGroups).byMember.get(name) ?? [];

function parseUsers(bytes: Buffer | undefined) {
  const all = linesOf(bytes, 7)
    .filter(([, , uid = '', gid = '']) => isId(uid) && isId(gid))
    .map(([name = '', , uid, gid, comment = '', home = '', shell = '']): UserEntry => {
      return { name, uid: Number(uid), gid: Number(gid), comment, home, shell };
    });
  // Of several lines for one name the first counts.
  return { all, byName: new Map(all.toReversed().map((entry) => [entry.name, entry])) };
}

function parseGroups(bytes: Buffer | undefined) {
  const all = linesOf(bytes, 4)
    .filter(([, , gid = '']) => isId(gid))
    .map(([name = '', , gid, members = '']): GroupEntry => {
      return { name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') };
    });
  const byMember = new Map<string, string[]>();
  for (const { name, members } of all)
    for (const member of new Set(members)) {
      const groups = byMember.get(member);
      if (groups) groups.push(name);
      else byMember.set(member, [name]);
    }
  for (const groups of byMember.values()) groups.sort();
  return { all, byMember };
}

/** A line without one is nobody's: an empty field would be root's id. */
const isId = (text: string): boolean => /^\d+$/.test(text);

/** Lines of a database whose first field is the name, split at the colons. */
export const readLines = (path: AbsolutePath, fields: number, host: HostReader): readonly (readonly string[])[] =>
  linesOf(host.readFile(path), fields);

const linesOf = (bytes: Buffer | undefined, fields: number): readonly (readonly string[])[] =>
  (bytes?.toString('utf8') ?? '')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((parts) => parts.length >= fields && parts[0] !== '');
