import type { ExitName } from './exit-code.ts';
import type { Action, Cause, Change } from './plan.ts';
import type { Problem, ProblemCode } from './problem.ts';
import type { Confirmation } from './unconfirmed.ts';

/** What became of one step. `pending`: `--check` or held. */
export type Outcome = 'unchanged' | 'pending' | 'changed' | 'failed' | 'restored' | 'not-reached' | 'held';

export interface ReportedDiff {
  readonly path: string;
  /** Unified diff, or a sentence in its place for binary, very large or secret contents. */
  readonly text: string;
}

export interface ReportedStep {
  readonly address: string;
  readonly kind: string;
  readonly cause: Cause;
  /** The run itself has brought what it changes here (ADR 0083): its first plan had nothing to do with this resource. */
  readonly late?: true;
  readonly action: Action | 'none';
  readonly outcome: Outcome;
  readonly changes: readonly Change[];
  readonly diffs: readonly ReportedDiff[];
  /** `roles/golden_state/role.yaml:12:5`. */
  readonly origin: string;
  readonly role?: string;
  readonly reason?: string;
  readonly refreshes: readonly string[];
}

/** Whether something on the host is not as it was applied, be it that git says something else of it now, too. */
export const isDrift = ({ cause }: ReportedStep): boolean => cause === 'drift' || cause === 'conflict';

/** The same where it stays so. */
export const isDriftLeft = (step: ReportedStep): boolean =>
  isDrift(step) && (step.outcome === 'held' || step.outcome === 'pending');

/** The outcome of a refresh (`notify`) or of a health check. */
export interface ReportedCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly message?: string;
}

/** What is wrong by the first health check that does not hold; undefined where all do. */
export function healthFailure(checks: readonly ReportedCheck[]): string | undefined {
  const sick = checks.find(({ ok }) => !ok);
  return sick && `health check failed: ${sick.name}${sick.message === undefined ? '' : `: ${sick.message}`}`;
}

const postponing: readonly ProblemCode[] = ['outside-window', 'needs-approval'];

/** Whether the run is only waiting: for a maintenance window, or for somebody's word. That is no failure. */
export const isPostponed = ({ outcome, problems }: Pick<Report, 'outcome' | 'problems'>): boolean =>
  outcome === 'refused' && problems.length > 0 && problems.every(({ code }) => postponing.includes(code));

/** Whether the run found out how the host and its revision get on. One that did not begin says nothing, nor one whose plan was too old. */
export const isAboutRevision = (report: Pick<Report, 'outcome' | 'problems'>): boolean =>
  report.outcome !== 'busy' && !isPostponed(report) && !report.problems.some(({ code }) => code === 'stale-plan');

/**
 * Whether the failure of the revision `failed` (null: one outside git) is over: a run has converged to it, or to the newest one. A
 * run that keeps up the last good one meanwhile proves nothing about it, nor does a check.
 */
export const endsFailure = (
  { action, outcome, revision }: Pick<Report, 'action' | 'outcome' | 'revision'>,
  failed: string | null,
  newest: string | null,
): boolean =>
  action !== 'check' &&
  outcome === 'converged' &&
  (failed === null || revision.commit === null || revision.commit === failed || revision.commit === newest);

/** Behind the id of a commit in the ledger: what was applied is not all in it. */
export const uncommittedMark = '+uncommitted';

/** A run as lists show it: steps are most of a report, and can be megabytes. */
export type RunSummary = Omit<Report, 'steps'>;

/** What is said of a revision that is in quarantine here, where that is why it was refused. */
export const quarantineOf = ({ problems }: Pick<Report, 'problems'>): Problem | undefined =>
  problems.find(({ code }) => code === 'quarantined');

/** Of a run that was taken back: whether nothing of it is left. What a command did stays. */
export const isPutBack = ({ outcome, steps, unrestored }: Pick<Report, 'outcome' | 'steps' | 'unrestored'>): boolean =>
  outcome === 'rolledBack' && !unrestored && !steps.some((step) => step.outcome === 'changed');

/** What a rollback could not put back. */
export interface Unrestored {
  /** The run that was taken back. */
  readonly run: string;
  /** In words. */
  readonly faults: readonly string[];
  /** The next run tries it again before anything else. Otherwise it was given up: what stands is planned from. */
  readonly isOpen: boolean;
}

/** One run, as shown, stored and documented in `schemas/report.schema.json`. Holds digests, never secrets. */
export interface Report {
  readonly schema: 'reconcile.report/1';
  readonly run: string;
  readonly host: string;
  readonly action: 'check' | 'converge' | 'rollback';
  readonly startedAt: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly version: string;
  readonly revision: {
    readonly commit: string | null;
    readonly branch: string | null;
    readonly workingTree: boolean;
    /** Of a run that has something to do, but not of a check: files of its configuration are not as the commit has them. */
    readonly uncommitted?: true;
    readonly key: string;
  };
  readonly root: string | null;
  readonly outcome: ExitName;
  readonly exit: number;
  /** One sentence for people. */
  readonly summary: string;
  readonly counts: {
    readonly resources: number;
    readonly converged: number;
    readonly create: number;
    readonly update: number;
    readonly remove: number;
    readonly held: number;
    readonly failed: number;
    readonly adopted: number;
  };
  /** Every step that is not plainly converged. */
  readonly steps: readonly ReportedStep[];
  readonly refreshes: readonly ReportedCheck[];
  readonly health: readonly ReportedCheck[];
  readonly problems: readonly Problem[];
  readonly planDigest: string | null;
  /** What an interrupted earlier run left behind and this one restored. */
  readonly recovered: readonly string[];
  /** Of this run, of those that it took back, and of those that it found interrupted. */
  readonly unrestored?: readonly Unrestored[];
  /** Writes to the host's files; always 0 for `check`. */
  readonly writes: number;
  /** Of a run that could have cut the host off. */
  readonly confirmation?: Confirmation;
  /** Of a rollback: the runs that it took back, newest first. */
  readonly takenBack?: readonly string[];
  /** Of what a maintenance window keeps away: when one is open next, where that is known. ISO 8601. */
  readonly opensAt?: string;
  /** The run was taken back, and nothing speaks against trying the same revision again. */
  readonly retriable?: true;
}
