import type { AnyResourceType } from './resource-type.ts';

/** Every kind, by name. A kind that is not in this list does not exist. */
const loaders: Readonly<Record<string, () => Promise<AnyResourceType>>> = {
  authorized_key: async () => (await import('./types/authorized-key.ts')).authorizedKey,
  command: async () => (await import('./types/command.ts')).command,
  compose: async () => (await import('./types/compose.ts')).compose,
  config: async () => (await import('./types/config.ts')).config,
  cron: async () => (await import('./types/cron.ts')).cron,
  deadman: async () => (await import('./types/deadman.ts')).deadman,
  directory: async () => (await import('./types/directory.ts')).directory,
  download: async () => (await import('./types/download.ts')).download,
  file: async () => (await import('./types/file.ts')).file,
  firewall: async () => (await import('./types/firewall.ts')).firewall,
  git: async () => (await import('./types/git.ts')).git,
  group: async () => (await import('./types/group.ts')).group,
  link: async () => (await import('./types/link.ts')).link,
  package: async () => (await import('./types/package.ts')).packageType,
  provider_chain: async () => (await import('./types/provider-chain.ts')).providerChain,
  service: async () => (await import('./types/service.ts')).service,
  sqlite: async () => (await import('./types/sqlite.ts')).sqlite,
  sysctl: async () => (await import('./types/sysctl.ts')).sysctl,
  timer: async () => (await import('./types/timer.ts')).timer,
  tree: async () => (await import('./types/tree.ts')).tree,
  user: async () => (await import('./types/user.ts')).user,
};

export const kindNames: readonly string[] = Object.keys(loaders);

const loaded = new Map<string, AnyResourceType>();

/**
 * Loads the kinds of these names, all unless told, so that they can be looked up: a run with the catalog that was compiled
 * last needs few, and what some bring along (YAML, TOML) takes longer to load than the run. Gives those that exist.
 */
export async function loadResourceTypes(kinds: Iterable<string> = kindNames): Promise<readonly AnyResourceType[]> {
  const wanted = [...new Set(kinds)].filter((kind) => Object.hasOwn(loaders, kind));
  return Promise.all(
    wanted.map(async (kind) => {
      const type = loaded.get(kind) ?? (await loaders[kind]!());
      loaded.set(kind, type);
      return type;
    }),
  );
}

/** Of the kinds that were loaded. */
export const findResourceType = (kind: string): AnyResourceType | undefined => loaded.get(kind);

/** For kinds that a catalog or ledger names and that were loaded: they exist, or the state is from another version of this program. */
export function resourceType(kind: string): AnyResourceType {
  const type = loaded.get(kind);
  if (!type) throw new Error(`this version of reconcile has no kind "${kind}"`);
  return type;
}
