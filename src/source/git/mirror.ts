import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCommitId } from '../../model/revision.ts';
import { syncDirectory, writeDurably } from '../../state/durable-file.ts';

/** Refs of the mirror: what was fetched, and the floor's second copy. */
type RefName = 'branch' | 'testing' | 'tag' | 'commit' | 'floor' | 'pull' | 'pushed';

/** The bare repository that remotes are fetched into. It can be made again at any time; what is applied is kept beside it. */
export interface Mirror {
  readonly directory: string;
  /** Null when there is none; what is no commit id is none. */
  ref(name: RefName): string | null;
  /** Durable; null removes it. */
  setRef(name: RefName, commit: string | null): void;
}

export const refPath = (name: RefName): string => `refs/agent/${name}`;

/** Packs that a mirror may have; every fetch adds one. */
const mostPacks = 30;

/** Whether its packs should be made one. */
export const isScattered = ({ directory }: Mirror): boolean =>
  readdirSync(join(directory, 'objects/pack')).filter((name) => name.endsWith('.pack')).length > mostPacks;

/** Opens the mirror below the state directory, made anew where it is none. What a killed git left behind is removed: hold the lock. */
export function openMirror(stateDirectory: string): Mirror {
  const directory = join(stateDirectory, 'mirror');
  if (!existsSync(join(directory, 'HEAD')) || !existsSync(join(directory, 'objects'))) {
    rmSync(directory, { recursive: true, force: true });
    makeBare(directory);
  }
  sweep(directory);
  return mirrorAt(directory);
}

/** The mirror as it stands, or as it would; for its refs alone. */
export const mirrorIn = (stateDirectory: string): Mirror => mirrorAt(join(stateDirectory, 'mirror'));

/** Commits that are in the mirror with all that is below them, the one that was pushed last first. */
export function commitsIn(stateDirectory: string): readonly string[] {
  const mirror = mirrorIn(stateDirectory);
  const names = ['pushed', 'branch', 'testing', 'commit', 'floor'] as const;
  return [...new Set(names.map(mirror.ref).filter(isCommitId))];
}

/**
 * A mirror below another directory that has all that the one of this host has, for objects that are to leave no trace in it.
 */
export function borrowMirror(stateDirectory: string, place: string): Mirror {
  const { directory, ref } = mirrorIn(stateDirectory);
  const borrowed = openMirror(place);
  if (existsSync(directory)) writeFileSync(join(borrowed.directory, 'objects/info/alternates'), `${directory}/objects\n`);
  for (const name of ['pushed', 'branch', 'floor'] as const) {
    const commit = ref(name);
    if (commit !== null) writeFileSync(join(borrowed.directory, refPath(name)), `${commit}\n`);
  }
  return borrowed;
}

/** An empty mirror beside the one in use. */
export function openSpareMirror(stateDirectory: string): Mirror {
  const directory = join(stateDirectory, 'mirror.new');
  rmSync(directory, { recursive: true, force: true });
  makeBare(directory);
  return mirrorAt(directory);
}

/** Puts the spare mirror in the place of the one in use. */
export function swapMirror(stateDirectory: string): void {
  const [current, spare, old] = ['mirror', 'mirror.new', 'mirror.old'].map((name) => join(stateDirectory, name)) as [
    string,
    string,
    string,
  ];
  rmSync(old, { recursive: true, force: true });
  if (existsSync(current)) renameSync(current, old);
  renameSync(spare, current);
  syncDirectory(stateDirectory);
  rmSync(old, { recursive: true, force: true });
}

/** Puts an empty mirror in the place of one that may be damaged. What is applied is kept beside it. */
export function emptyMirror(stateDirectory: string): void {
  openSpareMirror(stateDirectory);
  swapMirror(stateDirectory);
}

function mirrorAt(directory: string): Mirror {
  const file = (name: RefName): string => join(directory, refPath(name));
  return {
    directory,
    ref(name) {
      try {
        const text = readFileSync(file(name), 'latin1').trim();
        return isCommitId(text) ? text : null;
      } catch {
        return null;
      }
    },
    setRef(name, commit) {
      if (commit === null) rmSync(file(name), { force: true });
      else writeDurably(file(name), `${commit}\n`);
    },
  };
}

/** What `git init --bare` makes, without hooks and descriptions. */
export function makeBare(directory: string): void {
  for (const name of ['objects/pack', 'objects/info', 'refs/heads', 'refs/agent'])
    mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'config'), '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n');
  writeFileSync(join(directory, 'HEAD'), 'ref: refs/heads/none\n');
}

/** Locks, half-received packs, and marks of whole ones that no fetch went on with: a pack that has one is never made one with others. */
function sweep(directory: string): void {
  const remove = (below: string, isLeft: (name: string) => boolean): void => {
    const place = join(directory, below);
    if (!existsSync(place)) return;
    for (const name of readdirSync(place).filter(isLeft)) rmSync(join(place, name), { recursive: true, force: true });
  };
  const isLock = (name: string): boolean => name.endsWith('.lock');
  remove('', isLock);
  remove('refs/agent', (name) => isLock(name) || name.endsWith('.new'));
  remove('objects/pack', (name) => isLock(name) || /^\.?tmp_|\.keep$/.test(name));
  remove('objects', (name) => /^(tmp_|incoming-)/.test(name));
}
