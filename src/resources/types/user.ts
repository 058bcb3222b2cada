import type { AbsolutePath, HostReader } from '../../host/host.ts';
import { converged, type Change, type Diff } from '../../model/plan.ts';
import { addressesById, otherWithId } from '../account-ids.ts';
import { findUser, groupFile, passwdFile, readUsers, supplementaryGroups } from '../account-files.ts';
import { pathsBelow } from '../paths-below.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';
import { accountsUnsupported, changeUser, homeOf, makesHome, wantedGroups, type UserDesired } from '../user-account.ts';
import { captureUser, restoreUser, type UserUndo } from '../user-undo.ts';

const spec = ({ z, absolutePath, accountId, accountName }: Vocabulary) =>
  z.strictObject({
    name: accountName,
    ensure: z.enum(['present', 'absent']).default('present').meta({ description: 'absent: the account goes, its files stay.' }),
    uid: accountId.optional().meta({ description: 'Numeric id; without it the next free one.' }),
    group: accountName.optional().meta({ description: 'First group; without it one of the name of the user.' }),
    groups: z
      .array(accountName)
      .optional()
      .meta({ description: "All other groups of the user; without it they are nobody's business here." }),
    append: z.boolean().default(false).meta({ description: 'The user may be in more groups than these.' }),
    comment: z
      .string()
      .regex(/^[^:\n\r\0]*$/, 'a comment cannot hold a colon or a line break')
      .optional()
      .meta({ description: 'Full name, or what the account is for.' }),
    home: absolutePath.optional().meta({ description: 'Home directory; /home/NAME for a new user. Contents are never moved.' }),
    shell: absolutePath.optional().meta({ description: "Login shell; the host's own choice for a new user." }),
    system: z.boolean().default(false).meta({ description: 'Takes the ids from the ranges for system accounts.' }),
    create_home: z.boolean().optional().meta({
      description: 'Whether the home directory is made where it is missing; true unless "system". /nonexistent never is.',
    }),
    remove_home: z
      .boolean()
      .default(false)
      .meta({ description: 'With "ensure: absent": the home directory goes too, which no rollback can take back.' }),
  });

type State = {
  /** Null: no such user. */
  readonly user: Account | null;
  /** Who has the wanted id already, or another resource that wants it. */
  readonly rival: string | null;
  /** The home belongs to the user, and nobody else has one in it. Only looked for where it is to go. */
  readonly hasHomeAlone: boolean;
};

type Account = {
  readonly uid: number;
  readonly group: string;
  readonly groups: readonly string[];
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
  readonly hasHome: boolean;
};

const said = ['group', 'comment', 'home', 'shell'] as const;

const membership =
  (name: string) =>
  (group: string): string =>
    `${name} in ${group}`;

/** An account of the host. Passwords are never managed: a new one has none that works. */
export const user = defineResourceType({
  kind: 'user',
  summary:
    'A local account, without its password; its home is only removed when that is asked for. One that stood before stays when it leaves git.',
  spec,
  identify: ({ name }) => name,

  prepare({ create_home, remove_home, groups, uid, group, comment, home, shell, ...rest }): UserDesired {
    return {
      ...rest,
      createHome: create_home ?? !rest.system,
      removeHome: remove_home,
      ...(uid !== undefined && { uid }),
      ...(group !== undefined && { group }),
      ...(groups !== undefined && { groups: [...new Set(groups)].sort() }),
      ...(comment !== undefined && { comment }),
      ...(home !== undefined && { home }),
      ...(shell !== undefined && { shell }),
    };
  },

  survey: (all: readonly UserDesired[]) => addressesById('user', all, ({ uid }) => uid),

  inspect(desired: UserDesired, { host, survey }): State {
    const { name, ensure, uid, removeHome } = desired;
    const entry = findUser(name, host);
    const [rival] = uid === undefined ? [] : readUsers(host, (each) => each.uid === uid && each.name !== name);
    const isGuest = (home: string): boolean => entry !== undefined && (home === entry.home || home.startsWith(`${entry.home}/`));
    return {
      user: entry
        ? {
            uid: entry.uid,
            group: host.groupName(entry.gid),
            groups: supplementaryGroups(name, host),
            comment: entry.comment,
            home: entry.home,
            shell: entry.shell,
            hasHome: host.stat((ensure === 'absent' ? undefined : desired.home) ?? entry.home) !== undefined,
          }
        : null,
      rival: rival?.name ?? otherWithId(desired, uid, survey),
      hasHomeAlone:
        removeHome &&
        entry !== undefined &&
        (host.stat(entry.home)?.uid ?? entry.uid) === entry.uid &&
        readUsers(host, (each) => each.name !== name && isGuest(each.home)).length === 0,
    };
  },

  diff(desired, { user: actual }): Diff {
    const { ensure, uid, removeHome } = desired;
    if (ensure === 'pruned' && !actual) return converged;
    if (ensure === 'absent') {
      if (!actual) return converged;
      const ofHome = removeHome && actual.hasHome ? [{ field: 'home directory', from: actual.home, to: null }] : [];
      return { action: 'remove', changes: [{ field: 'user', from: actual.uid, to: null }, ...ofHome] };
    }
    const changes: Change[] = actual ? [] : [{ field: 'user', from: null, to: uid ?? 'next free id' }];
    for (const field of actual ? (['uid', ...said] as const) : said) {
      const to = desired[field];
      if (to !== undefined && to !== actual?.[field]) changes.push({ field, from: actual?.[field] ?? null, to });
    }
    const had = actual?.groups ?? [];
    const groups = wantedGroups(desired, had);
    if (groups.join() !== had.join()) changes.push({ field: 'groups', from: actual && [...had], to: [...groups] });
    if (!actual) return { action: 'create', changes };
    const home = desired.home ?? actual.home;
    if (!actual.hasHome && makesHome(desired, home)) changes.push({ field: 'home directory', from: null, to: home });
    return changes.length === 0 ? converged : { action: 'update', changes };
  },

  refuses({ name, ensure, uid, removeHome }, { user: actual, rival, hasHomeAlone }): readonly Refusal[] {
    const refusal = (message: string, hint: string): Refusal[] => [{ code: 'unsafe-target', message, hint }];
    if (ensure === 'absent') {
      if (!actual) return [];
      if (actual.uid === 0 || actual.uid === process.getuid?.())
        return refusal(`${name} is the account that this runs as, and is not removed`, 'drop the resource');
      if (removeHome && (!hasHomeAlone || !/^\/[^/]+\/./.test(actual.home)))
        return refusal(`${actual.home}, the home of ${name}, is not its alone and is not removed`, 'drop remove_home');
      return [];
    }
    if (rival !== null) return refusal(`the id ${uid} belongs to ${rival} already`, 'choose another one, or drop uid');
    if (!actual || uid === undefined || uid === actual.uid) return [];
    const message = `${name} has the id ${actual.uid}; with ${uid} its files would no longer be its own`;
    return refusal(message, 'change the id and the files by hand, or drop uid');
  },

  apply: (desired, _changes, { host, signal }) => changeUser(desired, host, signal),
  undo: {
    outside: true,
    capture: (desired, { host }): UserUndo => captureUser(desired, host),
    restore: (undo, { host, signal }) => restoreUser(undo, host, signal),
  },

  watches: (desired) => [...(desired.createHome && desired.ensure === 'present' ? [homeOf(desired)] : []), passwdFile, groupFile],
  shared: true,
  writes: (desired, changes, host) => [passwdFile, groupFile, ...homesWritten(desired, changes, host)],
  requires: ({ name, ensure, group = name, groups = [] }) =>
    ensure === 'absent' ? [] : [group, ...groups].map((each) => `group[${each}]`),
  parts: {
    of: ({ name, ensure, groups = [] }) => (ensure === 'present' ? [name, ...groups.map(membership(name))] : []),
    standing: (all, host) =>
      all.flatMap(({ name }) => (findUser(name, host) ? [name, ...supplementaryGroups(name, host).map(membership(name))] : [])),
    pruned(desired, made): UserDesired | undefined {
      if (made.includes(desired.name)) return { ...desired, ensure: 'absent', removeHome: false };
      const groups = desired.groups?.filter((each) => made.includes(membership(desired.name)(each))) ?? [];
      const { name } = desired;
      const rest = { append: false, system: false, createHome: false, removeHome: false };
      return groups.length === 0 ? undefined : { name, ensure: 'pruned', groups, ...rest };
    },
  },
  unsupported: (_desired, host) => accountsUnsupported(host),
  commands: () => ['useradd', 'usermod', 'userdel'],
});

/** The home that is made, or the one that goes, with all that is in it. */
function homesWritten(desired: UserDesired, changes: readonly Change[], host?: HostReader): readonly AbsolutePath[] {
  const home = homeOf(desired);
  const isMade = (): boolean => desired.ensure === 'present' && makesHome(desired, home) && !host?.stat(home);
  return changes.flatMap(({ field, from, to }) => {
    if (field === 'home directory') return to === null ? pathsBelow(String(from), host) : [String(to)];
    return field === 'user' && from === null && isMade() ? [home] : [];
  });
}
