import { chmodSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeAtomically } from '../source/write-atomically.ts';
import { installedFiles, type InstalledFile } from './installed-files.ts';
import { hasVersion, linked, makeDirectory, stageVersion, swapLink, versionId } from './library.ts';
import { hasRuntime, nodeIn, removeRuntimes, runtimeOf, stageRuntime, type Runtime } from './runtime.ts';
import { requireSettled, switchTo } from './self-update.ts';
import { unitName, type Scope } from './unit.ts';

/** What is installed, and where. */
interface Place {
  readonly scope: Scope;
  /** Prefix of every path that is written; empty on the host itself. */
  readonly root: string;
  /** Of the account, for the user scope. */
  readonly home: string;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** The Node that the unit starts. */
  readonly node: string;
  /** Directory of the built program. */
  readonly bundle: string;
  readonly version: string;
}

/** One thing that an installation makes; `same`: it is there. */
interface Part {
  readonly path: string;
  readonly what: string;
  readonly action: 'create' | 'update' | 'same';
}

export interface Installation {
  readonly parts: readonly Part[];
  /** What is written beside the versions. */
  readonly files: readonly InstalledFile[];
  readonly unit: string;
  readonly library: string;
  readonly version: string;
  readonly runtime?: Runtime;
}

/** What an installation would do. Writes nothing. */
export function planInstallation({ scope, root, home, env, node, bundle, version }: Place): Installation {
  const { library } = installedFiles({ scope, home, env, node });
  const id = versionId(bundle, version);
  const real = join(root, library);
  const runtime = runtimeOf(node);
  const { unit, wrapper } = installedFiles({ scope, home, env, node: runtime ? nodeIn(library, runtime) : node });
  const link = (name: 'current' | 'confirmed', what: string): Part => {
    const found = linked(real, name);
    return { path: join(library, name), what, action: found === id ? 'same' : found === undefined ? 'create' : 'update' };
  };
  const files = [unit, wrapper];
  return {
    parts: [
      ...(runtime ? [{ path: nodeIn(library, runtime), what: 'the Node that it runs on', action: actionOf(real, runtime) }] : []),
      { path: join(library, 'versions', id), what: 'the program', action: hasVersion(real, id) ? 'same' : 'create' },
      link('current', `link to ${id}, which runs`),
      link('confirmed', `link to ${id}, to which a failed update returns`),
      ...files.map(({ path, what, content }) => ({ path, what, action: actionFor(join(root, path), path, content) })),
    ],
    files,
    unit: unit.content,
    library,
    version: id,
    ...(runtime && { runtime }),
  };
}

const actionOf = (library: string, runtime: Runtime): Part['action'] => (hasRuntime(library, runtime) ? 'same' : 'create');

const textOf = (file: string): string => (lstatSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8') : '');

function actionFor(file: string, shown: string, content: string): Part['action'] {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return 'create';
  if (!stat.isFile())
    throw new Error(
      `${shown} is no regular file${basename(shown) === unitName ? `; if it is masked, somebody wants it so: systemctl unmask ${unitName}` : ': move it away'}`,
    );
  return readFileSync(file, 'utf8') === content ? 'same' : 'update';
}

/**
 * Does it. Repeating it changes nothing; what is cut off is completed by the next call. `onTrial`: where a version is confirmed, the
 * new one and its unit have to confirm themselves within 120 seconds from `now`, or both go back. Answers whether that is so.
 */
export function performInstallation(
  { scope, root, bundle, version }: Place,
  { files, library, parts, runtime }: Installation,
  { onTrial, now }: { readonly onTrial: boolean; readonly now: number },
): boolean {
  const real = join(root, library);
  const changed = files.filter(({ path }) => parts.some((part) => part.path === path && part.action !== 'same'));
  const placed = changed.map((file) => ({ ...file, path: join(root, file.path) }));
  requireSettled(real);
  const id = stageVersion(real, bundle, version);
  // What is replaced may come back, and then needs the Node that it names.
  const named = files.flatMap(({ path, content }) => [content, textOf(join(root, path))]);
  if (runtime) stageRuntime(real, runtime);
  removeRuntimes(real, named);
  const confirmed = linked(real, 'confirmed');
  if (onTrial && confirmed !== undefined && confirmed !== id) {
    switchTo(real, id, now, placed);
    return true;
  }
  // Backwards: a version is confirmed before it runs, because a person installs it.
  for (const name of ['confirmed', 'current'] as const) if (linked(real, name) !== id) swapLink(real, name, id);
  for (const { path, content, mode } of placed) {
    // Whatever the umask of the person who installs it: others are to run it. The directories of an account are its own.
    if (scope === 'system') makeDirectory(dirname(path));
    else mkdirSync(dirname(path), { recursive: true });
    writeAtomically(path, content, mode);
    chmodSync(path, mode);
  }
  return false;
}
