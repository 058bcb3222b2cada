import { readFileSync } from 'node:fs';

interface Names {
  readonly ids: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

/** Users and groups of a host, from its own passwd and group files; read once, when first asked. */
export interface Accounts {
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
  userName(uid: number): string;
  groupName(gid: number): string;
}

export function readAccounts(root: string): Accounts {
  let users: Names | undefined;
  let groups: Names | undefined;
  const user = (): Names => (users ??= readNames(`${root}/etc/passwd`, root === ''));
  const group = (): Names => (groups ??= readNames(`${root}/etc/group`, root === ''));
  return {
    userId: (name) => idOf(user(), name),
    groupId: (name) => idOf(group(), name),
    userName: (uid) => user().names.get(uid) ?? String(uid),
    groupName: (gid) => group().names.get(gid) ?? String(gid),
  };
}

const idOf = ({ ids }: Names, name: string): number | undefined =>
  ids.get(name) ?? (/^\d{1,10}$/.test(name) ? Number(name) : undefined);

function readNames(file: string, isHost: boolean): Names {
  const ids = new Map<string, number>();
  const names = new Map<number, string>();
  for (const line of readText(file).split('\n')) {
    const [name, , id] = line.split(':');
    if (!name || !id || !/^\d+$/.test(id)) continue;
    ids.set(name, Number(id));
    if (!names.has(Number(id))) names.set(Number(id), name);
  }
  // An image or a sandbox without account files still knows root.
  if (!isHost && ids.size === 0) {
    ids.set('root', 0);
    names.set(0, 'root');
  }
  return { ids, names };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
