import { constants, fchmodSync, fchownSync, fstatSync, closeSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../model/json.ts';
import { monotonic } from '../model/monotonic.ts';
import { readAccounts } from './accounts.ts';
import type { AbsolutePath, Host, PathStat } from './host.ts';
import { openLocalReader, type ReaderOptions } from './local-reader.ts';
import { about } from './path-error.ts';
import { SafeDirectories } from './safe-directories.ts';
import { Staging, type Staged } from './staging.ts';

/** A Host whose writes are grouped: staged beside their targets, made durable together, then renamed. */
export interface LocalHost extends Host {
  /** Makes everything staged durable and gives it its name. */
  commit(signal: AbortSignal): Promise<void>;
  /** Removes everything staged. */
  discard(): void;
  /** Ends the use of the host; staged writes that were not committed are discarded. */
  close(): void;
  /** How many mutating calls took effect or were staged. */
  readonly writes: number;
  /** Resolves when every timestamp that the last commit made is older than a clock tick, so that it can be trusted. */
  settled(signal: AbortSignal): Promise<void>;
}

/** A file younger than this could change again without a trace in its timestamps. Milliseconds. */
const timestampTick = 11;

/** Opens this machine, or the directory that stands for it, for changing it. Few may: `test/architecture.test.ts` knows who. */
export function openLocalHost(options: ReaderOptions): LocalHost {
  const directories = new SafeDirectories((options.root ?? '').replace(/\/$/, ''));
  const reader = openLocalReader({ ...options, locate: (path) => directories.readable(path) });
  const staging = new Staging(directories, reader.live);
  const locate = (path: AbsolutePath): string => directories.child(dirname(path), basename(path));
  let writes = 0;
  const readAccountsAgain = () => readAccounts((path) => reader.readFile(path), reader.live);
  let accounts = readAccountsAgain();

  const changing = (path: AbsolutePath, change: () => void): void => {
    writes++;
    about(path, change);
  };
  // Directories that are there; one that is removed is forgotten.
  const known = new Set<AbsolutePath>();
  const makeParents = (path: AbsolutePath): void => {
    const parent = dirname(path);
    if (parent === '/' || known.has(parent)) return;
    known.add(parent);
    if (reader.stat(parent)) return;
    makeParents(parent);
    const real = locate(parent);
    mkdirSync(real);
    onDirectory(real, (descriptor) => fchmodSync(descriptor, 0o755));
    staging.touchedDirectory(dirname(parent));
  };
  const readStanding: LocalHost['readStanding'] = (path, limit) => {
    const staged = staging.find(path);
    if (!staged) return reader.readStanding(path, limit);
    const stat = stagedStat(staged);
    return stat && staged.kind === 'file' ? { stat, bytes: staging.read(path, staged) } : undefined;
  };
  const owner = (id: number | undefined): number => (reader.privileged && id !== undefined ? id : -1);
  return {
    ...reader,
    userId: (name) => accounts.userId(name),
    groupId: (name) => accounts.groupId(name),
    userName: (uid) => accounts.userName(uid),
    groupName: (gid) => accounts.groupName(gid),
    get writes() {
      return writes;
    },
    stat(path) {
      const staged = staging.find(path);
      return staged ? stagedStat(staged) : reader.stat(path);
    },
    readFile: (path, limit) => readStanding(path, limit)?.bytes,
    readStanding,
    parsed: (path, parse) => (staging.find(path) ? parse(readStanding(path)?.bytes) : reader.parsed(path, parse)),
    digest(path) {
      const staged = staging.find(path);
      if (!staged) return reader.digest(path);
      return staged.kind === 'file' ? sha256(staging.read(path, staged)) : undefined;
    },
    writeFile(path, content, attributes) {
      changing(path, () => {
        makeParents(path);
        staging.writeFile(path, content, { ...attributes, uid: owner(attributes.uid), gid: owner(attributes.gid) });
      });
    },
    async writeStream(path, chunks, attributes) {
      changing(path, () => makeParents(path));
      await staging.writeStream(path, chunks, { ...attributes, uid: owner(attributes.uid), gid: owner(attributes.gid) });
    },
    link(path, target, wanted = {}) {
      changing(path, () => {
        makeParents(path);
        staging.link(path, target, reader.privileged ? wanted : {});
      });
    },
    remove: (path) => changing(path, () => staging.remove(path, 'unlink')),
    removeDirectory(path) {
      known.delete(path);
      changing(path, () => staging.remove(path, 'rmdir'));
    },
    makeDirectory(path, { mode, uid, gid }) {
      changing(path, () => {
        makeParents(path);
        staging.removeNow(path);
        const real = locate(path);
        mkdirSync(real, 0o700);
        staging.touchedDirectory(dirname(path));
        try {
          onDirectory(real, (descriptor) => {
            if (owner(uid) !== -1 || owner(gid) !== -1) fchownSync(descriptor, owner(uid), owner(gid));
            fchmodSync(descriptor, mode);
          });
        } catch (error) {
          rmdirSync(real);
          throw error;
        }
        known.add(path);
      });
    },
    setMode(path, mode) {
      changing(path, () => {
        onDescriptor(locate(path), (descriptor) => fchmodSync(descriptor, mode));
        staging.touchedDirectory(dirname(path));
      });
    },
    setOwner(path, uid, gid) {
      if (!reader.privileged) return;
      changing(path, () => {
        onDescriptor(locate(path), (descriptor) => fchownSync(descriptor, uid, gid));
        staging.touchedDirectory(dirname(path));
      });
    },
    async run(argv, signal, runOptions) {
      if (!reader.live) throw new Error(`${argv[0]}: nothing is run under --root`);
      writes++;
      const { runCommand } = await import('./run-command.ts');
      try {
        return await runCommand(argv, runOptions ?? {}, signal);
      } finally {
        // It may have made a user whose files come next, and removed a directory or put another in its place.
        accounts = readAccountsAgain();
        directories.close();
        known.clear();
      }
    },
    commit: (signal) => staging.commit(signal),
    async settled(signal) {
      const left = (): number => staging.changed + timestampTick - monotonic();
      // A timer may come a millisecond too early.
      for (let wait = left(); wait > 0; wait = left()) await sleep(Math.ceil(wait), undefined, { signal });
    },
    discard: () => staging.discard(),
    close() {
      staging.discard();
      directories.close();
    },
  };
}

/** What will stand there. */
function stagedStat(staged: Staged): PathStat | undefined {
  if (staged.kind === 'remove') return undefined;
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  const owner = staged.kind === 'link' ? staged.owner : staged.attributes;
  const standing = { uid: owner.uid ?? uid, gid: owner.gid ?? gid, links: 1 };
  if (staged.kind === 'link') return { type: 'link', size: staged.target.length, mode: 0o777, ...standing };
  return { type: 'file', size: staged.size, mode: staged.attributes.mode, ...standing };
}

/** Who owns the directory above can put something else under the name in the meantime: a file that is not theirs to read. */
const onDirectory = (real: string, change: (descriptor: number) => void): void =>
  onDescriptor(real, change, constants.O_DIRECTORY);

function onDescriptor(real: string, change: (descriptor: number) => void, flags = 0): void {
  const descriptor = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | flags);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isDirectory() && !(stat.isFile() && stat.nlink === 1))
      throw new Error('it is neither a directory nor a file with one name, and keeps its mode and owner');
    change(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
