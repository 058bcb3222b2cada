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

export function findUser(name: string, host: HostReader): UserEntry | undefined {
  const [found] = readUsers(host, (entry) => entry.name === name);
  return found;
}

/** Users of the host's own file, in its order. No program is asked. */
export function readUsers(host: HostReader, isWanted: (entry: UserEntry) => boolean): readonly UserEntry[] {
  return readLines(passwdFile, 7, host)
    .filter(([, , uid = '', gid = '']) => isId(uid) && isId(gid))
    .map(([name = '', , uid, gid, comment = '', home = '', shell = '']) => {
      return { name, uid: Number(uid), gid: Number(gid), comment, home, shell };
    })
    .filter(isWanted);
}

export const readGroups = (host: HostReader): readonly GroupEntry[] =>
  readLines(groupFile, 4, host)
    .filter(([, , gid = '']) => isId(gid))
    .map(([name = '', , gid, members = '']) => {
      return { name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') };
    });

/** A line without one is nobody's: an empty field would be root's id. */
const isId = (text: string): boolean => /^\d+$/.test(text);

/** Lines of a database whose first field is the name, split at the colons. */
export function readLines(path: AbsolutePath, fields: number, host: HostReader): readonly (readonly string[])[] {
  const text = host.readFile(path)?.toString('utf8') ?? '';
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((parts) => parts.length >= fields && parts[0] !== '');
}
