import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../model/json.ts';
import { syncDirectory, syncFile } from '../state/durable-file.ts';

/** A Node in the library, beside the versions of the program. */
export interface Runtime {
  /** Of its directory: version and digest, as those that `reconcile fleet bootstrap` brings. */
  readonly name: string;
  readonly digest: string;
  /** What it is a copy of. */
  readonly from: string;
}

const directory = 'runtime';

/**
 * The copy that a service needs of the Node that runs this, since what npm has installed goes with the next `npm ci`; undefined for one that
 * stays where it is.
 */
export function runtimeOf(node: string): Runtime | undefined {
  if (!node.includes('/node_modules/')) return undefined;
  const digest = sha256(readFileSync(node));
  return { name: `${process.versions.node}-${digest.slice(0, 12)}`, digest, from: node };
}

/** Where it is in a library. */
export const nodeIn = (library: string, { name }: Runtime): string => join(library, directory, name, 'node');

/** Whether it is there, as it should be. */
export function hasRuntime(library: string, runtime: Runtime): boolean {
  const file = nodeIn(library, runtime);
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true && sha256(readFileSync(file)) === runtime.digest;
}

/** Copies it, durable and complete or not at all. */
export function stageRuntime(library: string, runtime: Runtime): void {
  if (hasRuntime(library, runtime)) return;
  const file = nodeIn(library, runtime);
  const staged = `${file}.new`;
  mkdirSync(dirname(file), { recursive: true });
  copyFileSync(runtime.from, staged);
  // Whatever the umask of the person who installs it: others are to run it.
  for (const path of [join(library, directory), dirname(file), staged]) chmodSync(path, 0o755);
  syncFile(staged);
  renameSync(staged, file);
  syncDirectory(dirname(file));
  syncDirectory(join(library, directory));
}

/** Removes those that none of these texts names. */
export function removeRuntimes(library: string, texts: readonly string[]): void {
  const place = join(library, directory);
  if (!statSync(place, { throwIfNoEntry: false })) return;
  for (const name of readdirSync(place))
    if (!texts.some((text) => text.includes(`/${directory}/${name}/`))) rmSync(join(place, name), { recursive: true });
}
