import type { HostReader } from '../../host/host.ts';
import type { Contact } from '../../model/contact.ts';
import { milliseconds } from '../../model/duration.ts';
import { PassingError } from '../../model/passing-error.ts';
import { converged, type Change, type Diff } from '../../model/plan.ts';
import { findUser } from '../account-files.ts';
import {
  findAdded,
  findLocalWork,
  git as runGit,
  isCommit,
  noteOf,
  readHead,
  readWanted,
  type Checkout,
} from '../git-checkout.ts';
import { findLock } from '../git-leftovers.ts';
import { captureCheckout, restoreCheckout } from '../git-undo.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';

const scpLike = /^(?:[A-Za-z0-9_][\w.-]*@)?([A-Za-z0-9][\w.-]*):[\w~./][^:]*$/;

/** Where a repository is; undefined for a form that git would take for an option or a program, and for credentials. */
function placeOf(repo: string): { readonly transport: Checkout['transport']; readonly host?: string } | undefined {
  if (/^\/[^\s\0]+$/.test(repo)) return { transport: 'file' };
  if (/[^\x21-\x7e]/.test(repo)) return undefined;
  const [, scpHost] = repo.includes('://') ? [] : (scpLike.exec(repo) ?? []);
  if (scpHost !== undefined) return { transport: 'ssh', host: scpHost };
  const url = URL.parse(repo);
  const transport = (['https', 'http', 'ssh'] as const).find(
    (name) => url?.protocol === `${name}:` && repo.startsWith(`${name}://`),
  );
  if (!url || !transport || url.password !== '' || (transport !== 'ssh' && url.username !== '')) return undefined;
  return /^[A-Za-z0-9_][\w.-]*$/.test(url.hostname) && /^[\w.-]*$/.test(url.username)
    ? { transport, host: url.hostname }
    : undefined;
}

const spec = ({ z, absolutePath, accountName, duration }: Vocabulary) =>
  z.strictObject({
    path: absolutePath.meta({
      description:
        'The directory; what else stands in a checkout there is never removed: a rollback puts edits into the stash, and moves a whole checkout to .NAME.before beside it.',
    }),
    repo: z
      .string()
      .max(2048)
      .refine(
        (repo) => placeOf(repo) !== undefined,
        'expected https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or /PATH, without credentials',
      )
      .meta({ description: 'https, ssh with the key of the user, or a path on this host.' }),
    ref: z
      .string()
      .regex(
        /^(?!-)(?!.*(?:\.\.|\/\/|\.lock$|\.$|\/$|\/\.))[A-Za-z0-9][\w./+-]{0,199}$/,
        'expected a full commit id or the name of a tag',
      )
      .meta({
        description: 'A full commit id, or a tag, which is fetched once. Branches move without a commit here and are none.',
      }),
    user: accountName.optional().meta({ description: 'Owns the checkout and runs git; needs root.' }),
    timeout: duration.default('5m').meta({ description: 'Longest time of one call of git.' }),
  });

type State = {
  /** `unfit`: something else stands there. */
  readonly type: 'absent' | 'checkout' | 'unfit';
  /** A commit, or `ref: ...` where a branch is checked out. */
  readonly head: string | null;
  readonly wanted: string | null;
  /** What a change would lose. */
  readonly work: string | null;
  /** Whose it is, where it should be the user's: git refuses to work in what belongs to somebody else. */
  readonly wrongOwner: string | null;
};

/** Hosts on which a run is at work: the one that takes back there is that run itself, before anybody else could build on it. */
const working = new WeakMap<HostReader, { readonly begun: Set<string> }>();

/** A directory with one commit of a git repository. */
export const git = defineResourceType({
  kind: 'git',
  summary: 'A checkout of one commit or tag; refused over local changes. It stays when it leaves git.',
  spec,
  identify: ({ path }) => path,
  prepare: ({ path, repo, ref, user, timeout }): Checkout => ({
    path,
    repo,
    transport: placeOf(repo)?.transport ?? 'file',
    ref,
    ...(user !== undefined && { user }),
    timeout: milliseconds(timeout),
  }),

  async inspect(desired, { host, last, signal }): Promise<State> {
    const { path } = desired;
    const type = host.stat(path)?.type;
    const names = type === 'directory' ? (host.list(path) ?? []) : [];
    if (type === undefined || (type === 'directory' && names.length === 0))
      return { type: 'absent', head: null, wanted: null, work: null, wrongOwner: null };
    const head = host.stat(`${path}/.git`)?.type === 'directory' ? readHead(desired, host) : null;
    if (head === null) return { type: 'unfit', head: null, wanted: null, work: null, wrongOwner: null };
    const wanted = readWanted(desired, host, last);
    const wrongOwner = ownerBeside(desired, host) ?? null;
    const work = head === wanted || wrongOwner !== null ? undefined : await findLocalWork(desired, host, signal);
    return { type: 'checkout', head, wanted, work: work ?? null, wrongOwner };
  },

  diff({ ref, user }, { type, head, wanted, wrongOwner }): Diff {
    const changes: Change[] = [];
    if (type !== 'checkout' || head !== wanted) changes.push({ field: 'commit', from: head, to: wanted ?? ref });
    if (wrongOwner !== null) changes.push({ field: 'owner', from: wrongOwner, to: user ?? null });
    if (changes.length === 0) return converged;
    return { action: type === 'absent' ? 'create' : 'update', changes };
  },

  refuses({ path, user }, { type, work, wrongOwner }): readonly Refusal[] {
    if (wrongOwner !== null) {
      const message = `${path} belongs to ${wrongOwner}, and git does not work there as ${user}`;
      return [{ code: 'unsafe-target', message, hint: `give it to the user by hand: chown -R ${user}: ${path}` }];
    }
    if (type === 'unfit')
      return [
        {
          code: 'unsafe-target',
          message: `${path} is neither empty nor a checkout of git`,
          hint: 'move away what stands there',
        },
      ];
    const message = `${path} has local changes: ${work}`;
    return work === null ? [] : [{ code: 'unsafe-target', message, hint: 'commit and push them, or put them away, by hand' }];
  },

  async apply(desired, _changes, { host, last, signal }) {
    const { path, repo, ref, user } = desired;
    const { begun } = working.get(host) ?? { begun: new Set() };
    working.set(host, { begun });
    if (!host.stat(path)) {
      const owner = user === undefined ? undefined : findUser(user, host);
      if (user !== undefined && !owner) throw new Error(`this host has no user "${user}"`);
      host.makeDirectory(path, { mode: 0o755, ...(owner && { uid: owner.uid, gid: owner.gid }) });
    }
    const lock = findLock(desired, host);
    if (lock !== undefined)
      throw new PassingError(`${lock} is there: wait for the git that is at work, or remove it where that was killed`);
    const run = (...args: readonly string[]): Promise<string> => runGit(desired, args, host, signal);
    const isNew = !host.stat(`${path}/.git`);
    if (isNew) await run('init', '--quiet', '--template=');
    const note = noteOf(desired);
    const known = readWanted(desired, host, last);
    const isNoted = await isThere(note, run);
    if (known !== null && !isNoted && !isCommit(ref)) await run('update-ref', note, known);
    else if (known === null || !isNoted) {
      const wanted = isCommit(ref) ? ref : `refs/tags/${ref}`;
      // What somebody cloned whole stays so: that option would cut off its history.
      const depth = isNew || host.stat(`${path}/.git/shallow`) ? ['--depth=1'] : [];
      await run('fetch', '--quiet', ...depth, '--no-tags', '--no-recurse-submodules', '--', repo, `+${wanted}:${note}`);
    }
    const commit = await run('rev-parse', '--verify', `${note}^{commit}`);
    // The commit itself, not the object of the tag: it can be compared without asking git.
    await run('update-ref', note, commit);
    const inTheWay = isNew ? [] : await findAdded(desired, commit, host, signal);
    const [first] = inTheWay.filter((name) => host.stat(`${path}/${name}`)?.type !== 'directory');
    if (first !== undefined)
      throw new Error(`${path}/${first} is in the way of the file that ${ref} has there: move it away, nobody tracks it`);
    begun.add(path);
    await run('checkout', '--quiet', '--detach', '--no-overwrite-ignore', '--no-recurse-submodules', commit);
  },

  undo: {
    capture: (desired, { host }) => captureCheckout(desired, host),
    restore: (undo, { host, signal }) => restoreCheckout(undo, working.get(host), host, signal),
  },

  watches: ({ path, repo, ref }) => [
    `${path}/.git/HEAD`,
    ...(isCommit(ref) ? [] : [`${path}/.git/${noteOf({ repo, ref })}`, `${path}/.git/packed-refs`]),
  ],
  owns: ({ path }) => [path],
  writes: ({ path }) => [path],
  requires: ({ user }) => (user === undefined ? [] : [`user[${user}]`]),
  unsupported({ user }, host) {
    if (!host.live) return 'needs a live host';
    const isOther = user !== undefined && !host.privileged && host.userId(user) !== process.geteuid?.();
    return isOther ? `needs root to run git as ${user}` : undefined;
  },
  commands: () => ['git'],
  contacts({ repo, transport }): readonly Contact[] {
    const host = placeOf(repo)?.host;
    return host === undefined || transport === 'file' ? [] : [{ host, scheme: transport }];
  },
  ordered: true,
});

function ownerBeside({ path, user }: Checkout, host: HostReader): string | undefined {
  const uid = host.stat(path)?.uid;
  if (user === undefined || uid === undefined || !host.privileged || uid === host.userId(user)) return undefined;
  return host.userName(uid);
}

/** Whether an earlier run fetched it. */
async function isThere(note: string, run: (...args: readonly string[]) => Promise<string>): Promise<boolean> {
  const found = await run('for-each-ref', '--format=%(refname)', note);
  return found !== '';
}
