import { dirname } from 'node:path';
import { sha256 } from '../model/json.ts';
import { findResourceType, loadResourceTypes } from '../resources/registry.ts';
import { fileSignature } from '../run/scope.ts';
import { stateFile } from '../state/state-directory.ts';
import { openState } from '../state/state.ts';

/** What runs have put under management on this host. */
interface Managed {
  /** How many paths, as `watches` of the kinds names them. */
  readonly paths: number;
  /** Those that they are in. Of a path that ends in `/`, that itself. The same list as long as the paths are the same. */
  readonly directories: readonly string[];
  /** Whether what moved is one of them, above one, or in one that ends in `/`. */
  holds(name: string): boolean;
}

/** To be asked after each pass: the ledger is read only where something was recorded. `rooted`: where a path of the host is. */
export function openManaged(stateDirectory: string, rooted: (path: string) => string): () => Promise<Managed> {
  let known = managedBy([]);
  let digest: string | undefined;
  let seen: string | null = null;
  return async () => {
    const now = fileSignature(stateFile(stateDirectory));
    if (now === seen) return known;
    const paths = (await managedPaths(stateDirectory)).map(rooted);
    const before = digest;
    digest = sha256(paths.join('\0'));
    if (digest !== before) known = managedBy(paths);
    seen = now;
    return known;
  };
}

function managedBy(paths: readonly string[]): Managed {
  const whole = new Set(paths.filter((path) => path.endsWith('/')).map((path) => path.slice(0, -1)));
  const parents = new Set(paths.map((path) => (path.endsWith('/') ? path.slice(0, -1) : dirname(path))));
  const named = new Set<string>();
  for (const path of paths)
    for (let at = path.endsWith('/') ? path.slice(0, -1) : path; !named.has(at); at = dirname(at)) named.add(at);
  // Ten thousand paths have few directories, and an idle agent is to stay small.
  return { paths: paths.length, directories: [...parents], holds: (name) => named.has(name) || whole.has(dirname(name)) };
}

async function managedPaths(stateDirectory: string): Promise<readonly string[]> {
  using state = openState(stateDirectory, { readOnly: true });
  const entries = [...(state?.ledger.all().values() ?? [])];
  // A newer version, before this one took its place again, may have known other kinds.
  await loadResourceTypes(entries.map(({ kind }) => kind));
  return entries.flatMap(({ kind, desired }) => findResourceType(kind)?.watches?.(desired) ?? []);
}
