import { resolve } from 'node:path';
import type { Plannable } from './desired.ts';
import { openLocalReader } from '../host/local-reader.ts';
import { recordStatIndex, type StatIndex } from '../host/stat-index.ts';
import type { Address, Catalog } from '../model/catalog.ts';
import type { Event } from '../model/event.ts';
import { changesOf, isDone, type Plan, type Preview, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ReportedStep } from '../model/report.ts';
import type { Revision } from '../model/revision.ts';
import type { Request } from '../model/request.ts';
import { makePlan, type PlanInput } from '../plan/make-plan.ts';
import { observe } from '../plan/observe.ts';
import { policyTexts } from './policy-texts.ts';
import { findCutOffs } from '../policy/cut-off.ts';
import { listsUrls } from '../policy/base-urls.ts';
import { judge, type JudgeInput } from '../policy/judge.ts';
import { reportSteps } from '../report/make-report.ts';
import { openDiffer } from '../report/unified-diff.ts';
import { quarantineKey } from './quarantine-key.ts';
import { groupFile, passwdFile } from '../resources/account-files.ts';
import { kindNames, loadResourceTypes, resourceType } from '../resources/registry.ts';
import type { Scope } from './scope.ts';
import type { Stamp } from '../state/converged-stamp.ts';
import type { State } from '../state/state.ts';

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
export interface PlannedHost {
  readonly desired: Plannable;
  readonly input: PlanInput;
  readonly plan: Plan;
  readonly steps: readonly ReportedStep[];
  /** Reasons not to apply anything: the kinds', policy's, a plan that has become stale. */
  readonly problems: readonly Problem[];
  /** Milliseconds since 1970 when the windows that are among the problems are open next, where that is known. */
  readonly opensAt: number | undefined;
  /** What could cut the host off; empty where nothing is run, and for a check. */
  readonly cutOffs: readonly Address[];
  /** Signatures taken before everything was inspected, with the digests found meanwhile. */
  readonly index: StatIndex;
}

/** Reports without a change that may stand before the one that is looked for. */
const mostIdle = 20;

/** Graph → Observation → Plan → Verdict. Changes nothing. */
export async function planHost(full: FullRun, desired: Plannable, state: State | undefined): Promise<PlannedHost> {
  const { request, revision, scope, stamp, signal } = full;
  const { catalog, graph, policy, hostPolicy, chains } = desired;
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
  const addresses = new Set(catalog.resources.map(({ address }) => address));
  const hasAccount: PlanInput['hasAccount'] = (kind, name) =>
    (kind === 'user' ? reader.userId(name) : reader.groupId(name)) !== undefined;
  const asked: PlanInput = {
    host: desired.host,
    graph,
    observation,
    observes: catalog.observes,
    ledger,
    owed: state?.journal.owed().map(({ address }) => address) ?? [],
    types: resourceType,
    touched: (kind, wanted, changes) => resourceType(kind).touches?.(wanted, changes, reader) ?? [],
    hasAccount: (kind, name) => !reader.live || !reader.privileged || hasAccount(kind, name) || addresses.has(`${kind}[${name}]`),
    isOwnerLeftOut: (kind, name) => !reader.live && reader.privileged && !hasAccount(kind, name),
    // A check may be made by anybody.
    unwritable: (...what) => (request.action === 'check' ? undefined : reader.unwritable(...what)),
    live: reader.live,
    tags: request.tags,
    contested: request.contested ?? [],
    isConfirmed: false,
  };
  const unconfirmed = makePlan(asked);
  const isConfirmed = request.planDigest === unconfirmed.digest;
  const input = { ...asked, isConfirmed };
  const plan = isConfirmed ? makePlan(input) : unconfirmed;
  const previewsOf = ({ diff, resource }: Step): Iterable<Preview> => {
    return (
      resourceType(resource.kind).preview?.(resource.desired, changesOf(diff), { host: reader, contents: catalog.contents }) ?? []
    );
  };
  // What the first releases had put there has the run's own key.
  const quarantined =
    state?.journal.quarantined(() => quarantineKey(revision, catalog)) ?? state?.journal.quarantined(() => full.key);
  const written = listsUrls(desired) ? await import('./written-urls.ts') : undefined;
  const toJudge: JudgeInput = {
    plan,
    policy,
    policyAt: desired.policyAt,
    hostPolicy,
    kindNames,
    chains,
    urls: () => written?.writtenUrls(desired) ?? [],
    texts: () => policyTexts(desired, revision.files, plan, reader, previewsOf),
    catalogSize: catalog.resources.length,
    ledgerSize: ledger.size,
    ...(request.unattended === true && { unattended: { now: Date.now(), isApproved: isConfirmed } }),
    stateDirectory: asHostSees(scope, request),
    commandsOf: ({ resource }) => resourceType(resource.kind).commands?.(resource.desired) ?? [],
    packagesOf: ({ resource, diff }) => resourceType(resource.kind).packages?.(resource.desired, changesOf(diff)) ?? [],
    unitsOf: ({ resource }) => resourceType(resource.kind).units?.(resource.desired) ?? [],
    contactsOf: ({ resource }) => resourceType(resource.kind).contacts?.(resource.desired) ?? [],
    pathsOf: (step) => writtenPaths(step, input),
    modesOf: ({ resource, diff }) => resourceType(resource.kind).modes?.(resource.desired, changesOf(diff)) ?? [],
    ...(quarantined && { quarantinedReason: `run ${quarantined.run}: ${quarantined.reason}` }),
  };
  const verdict = judge(toJudge);
  const hasWindows = policy.windows.length + hostPolicy.agent.windows.length > 0;
  // Few have any, and reading schedules takes a library that the others need not load.
  const windows = hasWindows ? (await import('../policy/windows.ts')).judgeWindows(toJudge) : undefined;
  const steps = await reportSteps(plan.steps, previewsOf, openDiffer());
  const problems = [...plan.problems, ...verdict.problems, ...(windows?.problems ?? []), ...staleness(request, plan, state)];
  const cutOffs = !isCheck && reader.live && reader.privileged ? findCutOffs(toJudge) : [];
  return { desired, input, plan, steps, problems, opensAt: windows?.opensAt, cutOffs, index };
}

/** The state directory by the path that resources would name it. */
function asHostSees({ stateDirectory }: Scope, { root }: Request): string {
  return root === undefined ? stateDirectory : stateDirectory.slice(resolve(root).length);
}

/** What a step writes, also where a program does it and the engine has nothing to undo. */
function writtenPaths({ resource: { kind, desired }, diff }: Step, { touched }: PlanInput): readonly string[] {
  if (diff.action === 'none') return [];
  const { owns, writes } = resourceType(kind);
  const paths = touched(kind, desired, diff.changes);
  return paths.length > 0 ? paths : [...(owns?.(desired) ?? []), ...(writes?.(desired, diff.changes) ?? [])];
}

function staleness({ planDigest, unattended }: Request, plan: Plan, state: State | undefined): readonly Problem[] {
  if (planDigest === undefined || unattended || planDigest === plan.digest) return [];
  // It was applied, and stands: whoever asks again may not have heard of it.
  if (plan.owed.length === 0 && !plan.steps.some(isDone) && lastApplied(state) === planDigest) return [];
  const message = 'the host or the revision has moved since the plan was made; nothing was applied';
  return [{ code: 'stale-plan', message, hint: 'make a new plan with `reconcile plan -o FILE`' }];
}

/** Digest of the plan of the newest run that has changed something; undefined where that is not known, or was taken back. */
function lastApplied(state: State | undefined): string | undefined {
  const newest = state?.runs.summaries(mostIdle).find(({ writes }) => writes > 0);
  return newest?.outcome === 'converged' ? (newest.planDigest ?? undefined) : undefined;
}

/** Every path whose signature says whether something moved: those of the resources, and the files that say who their owners are. */
export const watchedPaths = ({ resources }: Catalog): string[] => {
  const names = (attribute: string): boolean => resources.some(({ desired }) => isNamed(desired, attribute));
  return [
    ...resources.flatMap(({ kind, desired }) => resourceType(kind).watches?.(desired) ?? []),
    ...(names('owner') || names('user') ? [passwdFile] : []),
    ...(names('group') ? [groupFile] : []),
  ];
};

/** Root is the same everywhere. */
function isNamed(desired: object, attribute: string): boolean {
  const name = (desired as { readonly [attribute: string]: unknown })[attribute];
  return typeof name === 'string' && name !== 'root';
}
