import type { Plannable } from './desired.ts';
import type { HostReader } from '../host/host.ts';
import { openLocalReader } from '../host/local-reader.ts';
import { recordStatIndex, type StatIndex } from '../host/stat-index.ts';
import type { Event } from '../model/event.ts';
import { changesOf, type Plan, type Preview, type Step } from '../model/plan.ts';
import type { ReportedStep } from '../model/report.ts';
import type { Revision } from '../model/revision.ts';
import type { Request } from '../model/request.ts';
import { makePlan, type PlanInput } from '../plan/make-plan.ts';
import { observe } from '../plan/observe.ts';
import { reportSteps } from '../report/make-report.ts';
import { openDiffer } from '../report/unified-diff.ts';
import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { judgePlan, type Judged } from './judge-plan.ts';
import type { Scope } from './scope.ts';
import type { Stamp } from '../state/converged-stamp.ts';
import type { State } from '../state/state.ts';
import { watchedPaths } from './watched-paths.ts';

/** One full run: what is asked, where, and whom to tell. */
export interface FullRun {
  readonly request: Request;
  readonly revision: Revision;
  readonly scope: Scope;
  /** Digest of the sources and of the environment: what the catalog is made from. */
  readonly key: string;
  /** Signatures of the sources, taken before they were read. */
  readonly sources: StatIndex;
  /** What the last run left. Its digests are trusted for files that have not moved, but not with `--paranoid`. */
  readonly stamp: Stamp | undefined;
  /** When the run was asked for, on the clock of `monotonic`. */
  readonly started: number;
  readonly emit: (event: Event) => void;
  readonly signal: AbortSignal;
}

/** A plan with policy's answer, and what applying it needs. */
export interface PlannedHost extends Judged {
  readonly desired: Plannable;
  readonly input: PlanInput;
  readonly plan: Plan;
  readonly steps: readonly ReportedStep[];
  /** Signatures taken before everything was inspected, with the digests found meanwhile. */
  readonly index: StatIndex;
}

/** Graph → Observation → Plan → Verdict. Changes nothing. */
export async function planHost(full: FullRun, desired: Plannable, state: State | undefined): Promise<PlannedHost> {
  const { request, scope, stamp, signal } = full;
  const { catalog, graph } = desired;
  const digests = new Map<string, string>();
  // Only a run that may leave a stamp needs them, and only before anything is inspected.
  const isCheck = request.action === 'check';
  const paths = isCheck ? [] : watchedPaths(catalog);
  const index = recordStatIndex(paths, scope.reader.realPath, (path) => digests.get(path), stamp?.index);
  const known = stamp && !request.paranoid && { index: stamp.index };
  const reader = openLocalReader({ root: request.root, ...known, looked: index, ...(!isCheck && { digests }) });
  const ledger = state?.ledger.all() ?? new Map();
  await loadResourceTypes([...ledger.values()].map(({ kind }) => kind));
  const observation = await observe(graph.batches.flat(), ledger, reader, resourceType, signal);
  const owed = state?.journal.owed().map(({ address }) => address) ?? [];
  const asked = planInput({ request, desired, reader, observation, ledger, owed });
  const unconfirmed = makePlan(asked);
  const isConfirmed = request.planDigest === unconfirmed.digest;
  const input = { ...asked, isConfirmed };
  const plan = isConfirmed ? makePlan(input) : unconfirmed;
  const previewsOf = ({ diff, resource: { kind, desired: wanted } }: Step): Iterable<Preview> =>
    resourceType(kind).preview?.(wanted, changesOf(diff), { host: reader, contents: catalog.contents }) ?? [];
  const judged = await judgePlan(plan, { full, desired, input, reader, previewsOf, state });
  const steps = await reportSteps(plan.steps, previewsOf, openDiffer());
  return { ...judged, desired, input, plan, steps, index };
}

interface Seen extends Pick<PlanInput, 'observation' | 'ledger' | 'owed'> {
  readonly request: Request;
  readonly desired: Plannable;
  readonly reader: HostReader;
}

function planInput({ request, desired: { host, graph, catalog }, reader, ...seen }: Seen): PlanInput {
  const addresses = new Set(catalog.resources.map(({ address }) => address));
  const isThere = (kind: 'user' | 'group', name: string): boolean =>
    (kind === 'user' ? reader.userId(name) : reader.groupId(name)) !== undefined;
  return {
    ...seen,
    host,
    graph,
    observes: catalog.observes,
    types: resourceType,
    touched: (kind, wanted, changes) => resourceType(kind).touches?.(wanted, changes, reader) ?? [],
    hasAccount: (kind, name) => !reader.live || !reader.privileged || isThere(kind, name) || addresses.has(`${kind}[${name}]`),
    isOwnerLeftOut: (kind, name) => !reader.live && reader.privileged && !isThere(kind, name),
    // A check may be made by anybody.
    unwritable: (...what) => (request.action === 'check' ? undefined : reader.unwritable(...what)),
    live: reader.live,
    tags: request.tags,
    contested: request.contested ?? [],
    isConfirmed: false,
  };
}
