import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { isObject, sha256 } from '../model/json.ts';
import { writeAtomically } from '../source/write-atomically.ts';

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

/** Of one file its own SHA-256, so that people can compare; of several that of their list. */
export function presentConfig({ config }: DeadmanSettings): PresentConfig {
  const files = config.map((path) => readRegular(path));
  const digests = files.map((file) => (file ? sha256(file.bytes) : 'absent'));
  return {
    digest: digests.length === 1 ? (digests[0] as string) : sha256(JSON.stringify(digests)),
    changedAt: Math.max(0, ...files.map((file) => file?.changedAt ?? 0)),
    isWhole: config.length > 0 && files.every((file) => file !== undefined),
  };
}

function readRegular(path: string): { readonly bytes: Buffer; readonly mode: number; readonly changedAt: number } | undefined {
  try {
    const stat = lstatSync(path);
    if (!stat.isFile() || stat.size > mostBytes) return undefined;
    return { bytes: readFileSync(path), mode: stat.mode & 0o7777, changedAt: stat.ctimeMs };
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
  const staged = join(place, `.new-${process.pid}`);
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true, mode: 0o700 });
  try {
    const files = config.map((path, index): SavedFile => {
      const file = readRegular(path);
      if (!file) throw new Error(`${path} has gone while it was being kept`);
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
    const bytes = readFileSync(join(directory, name));
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Error(`${path} is a link; nothing is written through it`);
    writeAtomically(path, bytes, mode);
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
