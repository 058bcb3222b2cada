import { lstatSync } from 'node:fs';
import { indexSignatures, type StatIndex } from '../host/stat-index.ts';
import type { CatalogResource } from '../model/catalog.ts';
import type { PathSignature } from '../model/revision.ts';
import { buildId } from '../model/version.ts';
import type { FullRun, PlannedHost } from './plan-host.ts';
import { resourceType } from '../resources/registry.ts';
import type { Run } from './start-run.ts';
import { writeCatalog } from '../state/catalog-cache.ts';
import { writeStamp } from '../state/converged-stamp.ts';
import { writeStandingChecks } from '../state/standing-checks.ts';
import type { State } from '../state/state.ts';

const signed = (path: string): [string, PathSignature | undefined] => [
  path,
  lstatSync(path, { bigint: true, throwIfNoEntry: false }),
];

/** Leaves what others go by until something changes: the health checks of what stands now, and the stamp. Of a part of a catalog, nothing. */
export function leaveMarks(full: FullRun, run: Run, planned: PlannedHost, index: StatIndex, state: State): void {
  if (full.request.tags.length > 0) return;
  try {
    // First: without a stamp the next run writes both.
    const { catalog, secrets } = planned.desired;
    const hasSecrets =
      secrets.names.length > 0 || secrets.opened().length > 0 || catalog.resources.some(({ sensitive }) => sensitive);
    if (full.scope.reader.live) writeStandingChecks(state.directory, { checks: catalog.health, hasSecrets });
    stampWhatStands(full, run, planned, index, state, hasSecrets);
  } catch (error) {
    // The run is proved and recorded; without these files the next one only takes longer.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/** The mark by which the next run knows, from stat calls alone, that nothing has moved. */
function stampWhatStands(
  { request, revision, scope, stamp, sources: known, key }: FullRun,
  run: Run,
  { plan, desired }: PlannedHost,
  index: StatIndex,
  state: State,
  hasSecrets: boolean,
): void {
  const held = plan.steps.filter((step) => step.held);
  // What the host cannot have is held again as long as it cannot; every other reason must be looked at, and told, each time.
  const differs = held.some((step) => step.held?.reason !== 'unsupported');
  const { catalog, policy, hostPolicy, chains, reads, changes, cachedAs, identityFiles } = desired;
  const sources = changes ? known : indexSignatures(new Map([...revision.watched, ...identityFiles.map(signed)]));
  const cannot = new Set(held.map(({ address }) => address));
  const isCovered = ({ kind, desired: wanted }: CatalogResource): boolean =>
    resourceType(kind).watches?.(wanted) !== undefined && resourceType(kind).asks?.(wanted, scope.reader) !== true;
  // A program that this host lacks, or a right, can be there by the next run, and nobody would see it come.
  const isForGood = held.length === 0 || !scope.reader.live;
  const isComplete =
    !differs && isForGood && catalog.resources.every((resource) => cannot.has(resource.address) || isCovered(resource));
  const { environment } = scope;
  const isStamped =
    stamp?.build === buildId &&
    stamp.environment === environment &&
    stamp.sources.equals(sources) &&
    stamp.index.equals(index) &&
    // What had no digest has one now.
    (!request.paranoid || stamp.index.encode().equals(index.encode()));
  // From the cache it comes without the secrets that are looked for in what a run tells.
  if (!hasSecrets && cachedAs !== key) writeCatalog(state.directory, { key, catalog, policy, hostPolicy, chains, reads });
  if (isStamped && stamp.isComplete === isComplete && stamp.differs === differs) return;
  writeStamp(state.directory, {
    build: buildId,
    environment,
    revision: revision.key,
    host: desired.host,
    run: run.id,
    resources: catalog.resources.length,
    held: held.length,
    differs,
    isComplete,
    index,
    sources,
  });
}
