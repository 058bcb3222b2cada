import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readRegularFile } from '../host/regular-file.ts';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { isObject, sha256 } from '../model/json.ts';
import { writeAtomically } from '../source/write-atomically.ts';
import { throughNoLink } from './through-no-link.ts';

interface SavedFile {
  readonly path: string;
  /** In the directory of the snapshot. */
  readonly name: string;
  readonly sha256: string;
  readonly mode: number;
}

/** A configuration with which the agent was well. */
interface Snapshot {
  readonly directory: string;
  readonly digest: string;
  readonly at: string;
  readonly files: readonly SavedFile[];
}

/** What stands there now. `changedAt`: milliseconds since 1970, of its newest file. */
export interface PresentConfig {
  readonly digest: string;
  readonly changedAt: number;
  /** False while a file is missing, too large, or none. */
  readonly isWhole: boolean;
}

const mostBytes = 4 * 1024 * 1024;
const manifestName = 'manifest.json';
const schema = 'reconcile.deadman-snapshot/1';

/** As its files stand now; `isWhole` is false while one of them is missing. */
export function presentConfig({ config }: DeadmanSettings): PresentConfig {
  const files = config.map(readRegular);
  return {
    digest: digestOf(files),
    changedAt: Math.max(0, ...files.map((file) => file?.changedAt ?? 0)),
    isWhole: config.length > 0 && files.every((file) => file !== undefined),
  };
}

interface ConfigFile {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly changedAt: number;
}

/** Of one file its own SHA-256, so that people can compare; of several that of their list. */
function digestOf(files: readonly (ConfigFile | undefined)[]): string {
  const digests = files.map((file) => (file ? sha256(file.bytes) : 'absent'));
  return digests.length === 1 ? digests[0]! : sha256(JSON.stringify(digests));
}

function readRegular(path: string): ConfigFile | undefined {
  try {
    const found = throughNoLink(path, (real) => readRegularFile(() => real, path, mostBytes));
    return found && { bytes: found.bytes, mode: found.stat.mode & 0o7777, changedAt: found.stat.ctimeMs };
  } catch {
    return undefined;
  }
}

/** The newest snapshot that is intact, the one that `last-good` names first. Undefined: there is none. */
export function lastGood({ snapshot_dir: place }: DeadmanSettings): Snapshot | undefined {
  const named = linkedName(place);
  const others = namesIn(place).reverse();
  for (const name of [...(named === undefined ? [] : [named]), ...others.filter((each) => each !== named)]) {
    const found = readSnapshot(join(place, name));
    if (found) return found;
  }
  return undefined;
}

/** Keeps what stands there as the last that is known to be good. Complete under its name, or not there. */
export function keepSnapshot(settings: DeadmanSettings, digest: string, at: Date): void {
  const { snapshot_dir: place, snapshot_keep: kept, config, agent } = settings;
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z');
  const name = `${time.replace(/[-:]/g, '')}-${digest.slice(0, 12)}`;
  const present = config.map((path) => ({ path, file: readRegular(path) }));
  if (digestOf(present.map(({ file }) => file)) !== digest)
    throw new Error('it has changed since the agent was found well with it');
  const staged = join(place, `.new-${process.pid}`);
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true, mode: 0o700 });
  try {
    const files = present.map(({ path, file }, index): SavedFile => {
      if (!file) throw new Error(`${path} is no file that can be kept`);
      const saved = { path, name: `${index}-${basename(path)}`, sha256: sha256(file.bytes), mode: file.mode };
      writeAtomically(join(staged, saved.name), file.bytes, 0o600);
      return saved;
    });
    writeAtomically(
      join(staged, manifestName),
      `${JSON.stringify({ schema, agent, at: time, digest, files }, null, 2)}\n`,
      0o600,
    );
    rmSync(join(place, name), { recursive: true, force: true });
    renameSync(staged, join(place, name));
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
  const link = join(place, `.last-good-${process.pid}`);
  rmSync(link, { force: true });
  symlinkSync(name, link);
  renameSync(link, join(place, 'last-good'));
  const old = namesIn(place).filter((each) => each !== name);
  for (const each of old.slice(0, Math.max(0, old.length - kept + 1))) rmSync(join(place, each), { recursive: true });
}

/** Puts a snapshot back, file by file, each at once. A file that stands there keeps its mode and owner. */
export function restoreSnapshot({ directory, files }: Snapshot): void {
  for (const { path, name, mode } of files) {
    const bytes = readFileSync(join(directory, basename(name)));
    throughNoLink(path, (real) => {
      if (lstatSync(real, { throwIfNoEntry: false })?.isSymbolicLink())
        throw new Error('it is a link; nothing is written through it');
      writeAtomically(real, bytes, mode);
    });
  }
}

function readSnapshot(directory: string): Snapshot | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, manifestName), 'utf8'));
    if (!isObject(value) || value['schema'] !== schema) return undefined;
    const { digest, at, files } = value as unknown as Snapshot;
    const isIntact = files.every(
      ({ name, sha256: expected }) => sha256(readFileSync(join(directory, basename(name)))) === expected,
    );
    return isIntact ? { directory, digest, at, files } : undefined;
  } catch {
    return undefined;
  }
}

function linkedName(place: string): string | undefined {
  try {
    return basename(readlinkSync(join(place, 'last-good')));
  } catch {
    return undefined;
  }
}

/** Oldest first. */
function namesIn(place: string): string[] {
  try {
    return readdirSync(place)
      .filter((name) => /^\d{8}T\d{6}Z-[0-9a-f]{12}$/.test(name))
      .sort();
  } catch {
    return [];
  }
}
