import { notUndone } from '../apply/not-undone.ts';
import type { Address } from '../model/catalog.ts';
import type { Kept } from '../apply/verify.ts';
import { loadHostPolicy } from '../host/host-policy.ts';
import { changesOf, isDone, type Diff, type Step } from '../model/plan.ts';
import { listed } from '../model/listed.ts';
import { nearest } from '../model/nearest.ts';
import { formatProblem, problemTable, type Problem } from '../model/problem.ts';
import { healthFailure, type Outcome, type Report, type ReportedCheck } from '../model/report.ts';
import { confirmationOf, type Unconfirmed } from '../model/unconfirmed.ts';
import { fit } from '../report/fit.ts';
import { checkOutcome, countSteps, type Outcomes } from '../report/make-report.ts';
import type { Plannable } from './desired.ts';
import type { Asked } from './known-catalog.ts';
import type { PlannedHost } from './plan-host.ts';
import { convergedSummary, countDiffering, startRun, type Run } from './start-run.ts';

const mostKept = 3;

/** Nothing may be done on this host for now. `why` continues `...; nothing was done`. */
export function tellBusy(
  { request, scope, started, emit }: Pick<Asked, 'request' | 'scope' | 'started' | 'emit'>,
  why: string,
): Report {
  const revision = { ...scope.head, workingTree: request.source.workingTree, key: '' };
  const host = scope.askedHost ?? loadHostPolicy().policy.host ?? scope.machineNames[0] ?? '';
  const run = startRun(request, revision, host, started);
  const report = run.report({ outcome: 'busy', summary: `${why}; nothing was done` });
  emit({ type: 'finished', run: run.id, report });
  return report;
}

/** A tag that nothing here has is no error, since other hosts may have it; but it is said. */
export function withUnknownTags(report: Report, tags: readonly string[], { resources }: Plannable['catalog']): Report {
  if (tags.length === 0) return report;
  const known = new Set(resources.flatMap((resource) => resource.tags));
  const unknown = tags.filter((tag) => !known.has(tag));
  if (unknown.length === 0) return report;
  const near = nearest(unknown[0]!, known);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return { ...report, summary: `${report.summary}. Nothing on this host has the tag "${unknown.join('", "')}"${hint}` };
}

/** Secrets go before it is cut: the beginning of one would not be found. */
function shortProblem(problem: Problem, { scrub }: Run): string {
  const { hint, message, ...where } = scrub(problem);
  return formatProblem({ ...where, message: fit(message, 200), ...(hint !== undefined && { hint: fit(hint, 160) }) });
}

/** Nothing may be written. */
export function refusal(run: Run, problems: readonly Problem[], planned?: PlannedHost): Report {
  const isInvalid = problems.some(({ code }) => problemTable[code].exit === 65);
  const [only, ...others] = problems;
  const what = only && others.length === 0 ? shortProblem(only, run) : `${problems.length} problems`;
  return run.report({
    outcome: isInvalid ? 'invalid' : 'refused',
    summary: `${isInvalid ? 'Invalid configuration' : 'Refused'}: ${what}; nothing was written`,
    problems,
    ...(planned && { steps: planned.steps, counts: countSteps(planned.plan.steps, new Map()), planDigest: planned.plan.digest }),
    ...(planned?.opensAt !== undefined && { opensAt: new Date(planned.opensAt).toISOString() }),
  });
}

/** What an applied run did with each step; what was to go and is `kept` is told with why. */
export function outcomesApplied(steps: readonly Step[], kept: Kept): Outcomes {
  const outcomeOf = ({ address, diff }: Step): { readonly outcome: Outcome; readonly reason?: string } => {
    const left = kept.get(address);
    if (!left) return { outcome: 'changed' };
    const isUntouched = changesOf(left).length === changesOf(diff).length;
    return { outcome: isUntouched ? 'unchanged' : 'changed', reason: `kept: ${whyKept(left)}` };
  };
  return new Map(steps.filter(isDone).map((step) => [step.address, outcomeOf(step)]));
}

const whyKept = (diff: Diff): string => (diff.action === 'none' ? '' : (diff.mayStay ?? ''));

/** The same as the end of a sentence. */
export const keptInWords = (kept: Kept): string =>
  kept.size === 0
    ? ''
    : `; kept ${listed(
        [...kept].map(([address, diff]) => `${address}: ${whyKept(diff)}`),
        mostKept,
      )}`;

/** What became of each step of a run that failed, `failed` for this `reason`. `lasting`: what began and cannot be undone. */
export function outcomesTakenBack(
  steps: readonly Step[],
  {
    failed,
    reason,
    lasting,
    restored,
  }: {
    readonly failed: Address | undefined;
    readonly reason: string;
    readonly lasting: readonly Address[];
    readonly restored: readonly Address[];
  },
): Outcomes {
  const outcomeOf = (address: Address): { readonly outcome: Outcome; readonly reason?: string } => {
    if (address === failed) return { outcome: 'failed', reason };
    if (lasting.includes(address)) return { outcome: 'changed', reason: notUndone };
    return { outcome: restored.includes(address) ? 'restored' : 'not-reached' };
  };
  return new Map(steps.filter(isDone).map(({ address }) => [address, outcomeOf(address)]));
}

/** There is something to do, but not before it is known whether an earlier run stays. */
export function unsettled(run: Run, { plan, steps }: PlannedHost, waiting: Unconfirmed): Report {
  const until = confirmationOf(waiting).until.slice(11, 19);
  return run.report({
    outcome: 'busy',
    summary: `Run ${waiting.run} waits until ${until}Z for its confirmation; nothing was done. \`reconcile confirm\` keeps it, \`reconcile rollback\` takes it back at once`,
    counts: countSteps(plan.steps, new Map()),
    steps,
    planDigest: plan.digest,
  });
}

/** What a check found. `interrupted`: a run that a crash left open. Whatever would change, a health check that fails is an error. */
export function checked(
  run: Run,
  { plan, steps }: PlannedHost,
  interrupted: string | undefined,
  health: readonly ReportedCheck[],
): Report {
  const counts = countSteps(plan.steps, new Map());
  const found = checkOutcome(plan);
  const sick = healthFailure(health);
  const open = plan.steps.filter(isDone).length;
  // Those that go, now or when somebody says so, are in no catalog any more.
  const all = plan.steps.filter(({ diff, resource }) => diff.action !== 'none' || resource.origin.assignment >= 0).length;
  const owed = plan.owed.length > 0 ? `, and ${plan.owed.join(', ')} would be refreshed as an earlier run owes` : '';
  const differing = countDiffering(steps);
  const held = differing === 0 ? '' : `, ${differing} ${differing === 1 ? 'differs and is' : 'differ and are'} held`;
  const before =
    interrupted === undefined ? '' : `. Run ${interrupted} was interrupted; the next run puts back what it changed first`;
  const summary =
    found === 'converged'
      ? convergedSummary(counts, steps)
      : `${open} of ${all} resources would change${owed}${held}; nothing was written`;
  return run.report({
    outcome: sick === undefined ? found : 'error',
    summary: (sick === undefined ? '' : `${sick}; `) + summary + before,
    counts,
    steps,
    health,
    planDigest: plan.digest,
  });
}
