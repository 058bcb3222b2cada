import { indexSignatures } from '../host/stat-index.ts';
import { digestOf } from '../model/json.ts';
import type { Catalog } from '../model/catalog.ts';
import type { ContentChange, Revision } from '../model/revision.ts';
import { noSecrets } from '../model/secret.ts';
import { buildGraph } from '../plan/graph.ts';
import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { readCatalog, type CachedCatalog } from '../state/catalog-cache.ts';
import type { Plannable } from './desired.ts';
import { passOn } from './pass-on.ts';
import type { FullRun } from './plan-host.ts';
import { areAlike, type Scope } from './scope.ts';

/** A run before its sources are opened. */
export type Asked = Pick<FullRun, 'request' | 'scope' | 'stamp' | 'started' | 'emit' | 'signal'> & {
  /** Whether the stamp is of these sources and this environment. */
  readonly isCurrent: boolean;
};

interface Known {
  readonly full: FullRun;
  readonly desired: Plannable;
}

/** The sources are listed, whatever is known of them. */
export function onFreshSources(asked: Asked): FullRun {
  const { request, scope } = asked;
  const revision = request.source.open();
  return { ...asked, revision, sources: indexSignatures(revision.watched), key: keyOf(revision, scope) };
}

const keyOf = ({ key }: Pick<Revision, 'key'>, { environment }: Pick<Scope, 'environment'>): string =>
  digestOf({ sources: key, environment });

/**
 * The catalog that was compiled last, judged and without secrets: for these very sources, or for a commit that differs from this
 * one in nothing but bytes that the catalog only passes on. Undefined where there is none.
 */
export async function readKnown(asked: Asked): Promise<Known | undefined> {
  return asked.isCurrent ? readSame(asked) : readAlike(asked);
}

/** The sources have not moved since the stamp was made: there is nothing to list. */
async function readSame(asked: Asked): Promise<Known | undefined> {
  const { request, scope, stamp } = asked;
  if (!stamp) return undefined;
  const revision = request.source.reopen(stamp.revision);
  const full: FullRun = { ...asked, revision, sources: stamp.sources, key: keyOf(revision, scope) };
  const cached = readCatalog(scope.stateDirectory, full.key, revision.files);
  return cached && { full, desired: await plannable(cached, []) };
}

async function readAlike(asked: Asked): Promise<Known | undefined> {
  const { request, scope, stamp } = asked;
  if (request.source.workingTree || !stamp || !areAlike(stamp.environment, scope.environment)) return undefined;
  const fresh = onFreshSources(asked);
  const { revision } = fresh;
  // Identities, which stand beside the repository.
  const changes = stamp.sources.isUnchanged() ? revision.changesSince?.(stamp.revision) : undefined;
  if (!changes) return undefined;
  const cached = readCatalog(scope.stateDirectory, keyOf({ key: stamp.revision }, stamp), revision.files);
  if (!cached?.reads) return undefined;
  await loadResourceTypes(kindsOf(cached.catalog));
  const catalog = passOn(cached.catalog, cached.reads, changes, revision.files);
  return catalog && { full: { ...fresh, sources: stamp.sources }, desired: await plannable({ ...cached, catalog }, changes) };
}

async function plannable(cached: CachedCatalog, changes: readonly ContentChange[]): Promise<Plannable> {
  const { key: cachedAs, catalog, policy, hostPolicy, chains, reads } = cached;
  await loadResourceTypes(kindsOf(catalog));
  const graph = buildGraph(catalog, resourceType);
  const of = { host: catalog.host, catalog, graph, policy, hostPolicy, chains };
  return { ...of, reads, changes, cachedAs, secrets: noSecrets, identityFiles: [] };
}

const kindsOf = ({ resources }: Catalog): readonly string[] => resources.map(({ kind }) => kind);
