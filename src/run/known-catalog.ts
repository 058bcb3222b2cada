import { indexSignatures } from '../host/stat-index.ts';
import { digestOf } from '../model/json.ts';
import type { Revision } from '../model/revision.ts';
import { noSecrets } from '../model/secret.ts';
import { buildGraph } from '../plan/graph.ts';
import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { readCatalog } from '../state/catalog-cache.ts';
import type { Plannable } from './desired.ts';
import type { FullRun } from './plan-host.ts';
import type { Scope } from './scope.ts';

/** A run before its sources are opened. */
export type Asked = Pick<FullRun, 'request' | 'scope' | 'stamp' | 'started' | 'emit' | 'signal'> & {
  /** Whether the stamp is of these sources and this environment. */
  readonly isCurrent: boolean;
};

/** The sources are listed, whatever is known of them. */
export function onFreshSources(asked: Asked): FullRun {
  const { request, scope } = asked;
  const revision = request.source.open();
  return { ...asked, revision, sources: indexSignatures(revision.watched), key: keyOf(revision, scope) };
}

/** The sources have not moved since the stamp was made: there is nothing to list, and the catalog may be in the cache. */
function onKnownSources(asked: Asked): FullRun | undefined {
  const { request, scope, stamp, isCurrent } = asked;
  if (!stamp || !isCurrent) return undefined;
  const revision = request.source.reopen(stamp.revision);
  return { ...asked, revision, sources: stamp.sources, key: keyOf(revision, scope) };
}

const keyOf = ({ key }: Revision, { environment }: Scope): string => digestOf({ sources: key, environment });

/** The catalog as it was compiled for these very sources, judged and without secrets. */
export async function readCached(asked: Asked): Promise<{ readonly full: FullRun; readonly desired: Plannable } | undefined> {
  const full = onKnownSources(asked);
  const cached = full && readCatalog(asked.scope.stateDirectory, full.key, full.revision.files);
  if (!cached) return undefined;
  const { catalog, policy, hostPolicy, chains } = cached;
  await loadResourceTypes(catalog.resources.map(({ kind }) => kind));
  const graph = buildGraph(catalog, resourceType);
  return {
    full,
    desired: {
      host: catalog.host,
      catalog,
      policy,
      hostPolicy,
      chains,
      graph,
      secrets: noSecrets,
      identityFiles: [],
      isJudged: true,
    },
  };
}
