interface Names {
  readonly ids: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

/** Users and groups of a host, from its own passwd and group files; read once, when first asked. */
interface Accounts {
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
  userName(uid: number): string;
  groupName(gid: number): string;
}

/** `read` gives a file of the host, undefined when there is none. */
export function readAccounts(read: (path: string) => Buffer | undefined, isLive: boolean): Accounts {
  let users: Names | undefined;
  let groups: Names | undefined;
  const user = (): Names => (users ??= readNames(read('/etc/passwd'), isLive));
  const group = (): Names => (groups ??= readNames(read('/etc/group'), isLive));
  return {
    userId: (name) => idOf(user(), name),
    groupId: (name) => idOf(group(), name),
    userName: (uid) => user().names.get(uid) ?? String(uid),
    groupName: (gid) => group().names.get(gid) ?? String(gid),
  };
}

const idOf = ({ ids }: Names, name: string): number | undefined =>
  ids.get(name) ?? (/^\d{1,10}$/.test(name) ? Number(name) : undefined);

function readNames(file: Buffer | undefined, isLive: boolean): Names {
  const ids = new Map<string, number>();
  const names = new Map<number, string>();
  for (const line of (file?.toString('utf8') ?? '').split('\n')) {
    const [name, , id] = line.split(':');
    if (!name || !id || !/^\d+$/.test(id)) continue;
    // Of several lines for one name or id the first counts, as for everybody else on the host.
    if (!ids.has(name)) ids.set(name, Number(id));
    if (!names.has(Number(id))) names.set(Number(id), name);
  }
  // An image or a sandbox without account files still knows root.
  if (!isLive && ids.size === 0) {
    ids.set('root', 0);
    names.set(0, 'root');
  }
  return { ids, names };
}
