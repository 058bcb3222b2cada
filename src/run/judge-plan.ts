import { resolve } from 'node:path';
import type { HostReader } from '../host/host.ts';
import type { Address } from '../model/catalog.ts';
import type { WithProblems } from '../model/located.ts';
import { changesOf, isDone, type Plan, type Preview, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Request } from '../model/request.ts';
import type { PlanInput } from '../plan/make-plan.ts';
import { listsUrls } from '../policy/base-urls.ts';
import { findCutOffs } from '../policy/cut-off.ts';
import { judge, type JudgeInput } from '../policy/judge.ts';
import { kindNames, resourceType } from '../resources/registry.ts';
import type { State } from '../state/state.ts';
import type { Plannable } from './desired.ts';
import type { FullRun } from './plan-host.ts';
import { policyTexts } from './policy-texts.ts';
import { quarantineKey } from './quarantine-key.ts';
import type { Scope } from './scope.ts';

/** What speaks against a plan. */
export interface Judged {
  /** Reasons not to apply anything: the kinds', policy's, a plan that has become stale. */
  readonly problems: readonly Problem[];
  /** Milliseconds since 1970 when the windows that are among the problems are open next, where that is known. */
  readonly opensAt: number | undefined;
  /** What could cut the host off; empty where nothing is run, and for a check. */
  readonly cutOffs: readonly Address[];
}

/** What a plan was made for and from. */
interface Circumstances {
  readonly full: FullRun;
  readonly desired: Plannable;
  readonly input: PlanInput;
  readonly reader: HostReader;
  readonly previewsOf: (step: Step) => Iterable<Preview>;
  readonly state: State | undefined;
}

/** Reports without a change that may stand before the one that is looked for. */
const mostIdle = 20;

/** Plan → Verdict, by both policies, with what only the run knows: windows, quarantine, and a plan that was reviewed before. */
export async function judgePlan(plan: Plan & WithProblems, circumstances: Circumstances): Promise<Judged> {
  const { full, desired, reader, state } = circumstances;
  const { request } = full;
  const input = await judgeInput(plan, circumstances);
  const verdict = judge(input);
  const hasWindows = desired.policy.windows.length + desired.hostPolicy.agent.windows.length > 0;
  // Few have any, and reading schedules takes a library that the others need not load.
  const windows = hasWindows ? (await import('../policy/windows.ts')).judgeWindows(input) : undefined;
  const mayCutOff = request.action !== 'check' && reader.live && reader.privileged;
  return {
    problems: [...plan.problems, ...verdict.problems, ...(windows?.problems ?? []), ...staleness(request, plan, state)],
    opensAt: windows?.opensAt,
    cutOffs: mayCutOff ? findCutOffs(input) : [],
  };
}

async function judgeInput(plan: Plan, { full, desired, input, reader, previewsOf, state }: Circumstances): Promise<JudgeInput> {
  const { request, revision, scope } = full;
  const { catalog, policy, policyAt, hostPolicy, chains } = desired;
  // What the first releases had put there has the run's own key.
  const quarantined =
    state?.journal.quarantined(() => quarantineKey(revision, catalog)) ?? state?.journal.quarantined(() => full.key);
  const written = listsUrls(desired) ? await import('./written-urls.ts') : undefined;
  return {
    plan,
    policy,
    policyAt,
    hostPolicy,
    kindNames,
    chains,
    urls: () => written?.writtenUrls(desired) ?? [],
    texts: () => policyTexts(desired, revision.files, plan, reader, previewsOf),
    catalogSize: catalog.resources.length,
    ledgerSize: input.ledger.size,
    ...(request.unattended === true && { unattended: { now: Date.now(), isApproved: input.isConfirmed } }),
    stateDirectory: asHostSees(scope, request),
    commandsOf: ({ resource }) => resourceType(resource.kind).commands?.(resource.desired) ?? [],
    packagesOf: ({ resource, diff }) => resourceType(resource.kind).packages?.(resource.desired, changesOf(diff)) ?? [],
    unitsOf: ({ resource }) => resourceType(resource.kind).units?.(resource.desired) ?? [],
    contactsOf: ({ resource }) => resourceType(resource.kind).contacts?.(resource.desired) ?? [],
    pathsOf: (step) => writtenPaths(step, input, reader),
    writesOf: ({ resource, diff }) => resourceType(resource.kind).writes?.(resource.desired, changesOf(diff), reader) ?? [],
    modesOf: ({ resource, diff }) => resourceType(resource.kind).modes?.(resource.desired, changesOf(diff)) ?? [],
    ...(quarantined && { quarantinedReason: `run ${quarantined.run}: ${quarantined.reason}` }),
  };
}

/** The state directory by the path that resources would name it. */
function asHostSees({ stateDirectory }: Scope, { root }: Request): string {
  return root === undefined ? stateDirectory : stateDirectory.slice(resolve(root).length);
}

/** What a step writes, also where a program does it and the engine has nothing to undo. */
function writtenPaths({ resource: { kind, desired }, diff }: Step, { touched }: PlanInput, host: HostReader): readonly string[] {
  if (diff.action === 'none') return [];
  const { owns, writes } = resourceType(kind);
  const paths = touched(kind, desired, diff.changes);
  return paths.length > 0 ? paths : [...(owns?.(desired) ?? []), ...(writes?.(desired, diff.changes, host) ?? [])];
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
