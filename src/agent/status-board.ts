import type { AgentStatus, Approval, Suspension, Trigger } from '../model/agent.ts';
import type { Look } from '../model/follower.ts';
import type { Report } from '../model/report.ts';
import type { Memory } from '../model/reporter.ts';
import { version } from '../model/version.ts';
import { countDiffering } from '../run/start-run.ts';
import { confirmationOf } from '../model/unconfirmed.ts';
import { readSuspension } from '../state/suspension.ts';
import { readUnconfirmed } from '../state/unconfirmed.ts';
import type { Attempts } from './attempts.ts';
import type { Contest } from './contest.ts';

/** Of a host without a remote. */
const keptUp = 'what was pushed is kept up';
const approvalDays = 7;
const day = 24 * 60 * 60_000;

interface StatusBoardOptions {
  readonly host: string;
  readonly stateDirectory: string;
  readonly memory: Memory;
  readonly attempts: Attempts;
  readonly contest: Contest;
  changed(status: AgentStatus): void;
}

/** What the agent knows of itself, kept up to date by the loop. */
export interface StatusBoard {
  status(): AgentStatus;
  suspension(): Suspension | null;
  /** Digest of the plan that a person let through; it is used once. */
  approvedDigest(): string | undefined;
  approve(run: string): boolean;
  set(parts: Partial<Pick<AgentStatus, 'phase' | 'nextPass' | 'waitsFor'>>): void;
  counted(causes: Iterable<Trigger>): void;
  missedHook(): void;
  looked(look: Look, at: Date): void;
  /** This revision was pushed, applied and verified. */
  pushed(revision: { readonly commit: string; readonly branch: string }, at: Date): void;
  ended(report: Report, at: Date): void;
  failed(message: string, at: Date): void;
  /** Whether a report says something that the one before did not. Ask once for each. */
  isNews(report: Report): boolean;
}

type Waiting = Approval & { readonly approved?: boolean };
type Kept = Pick<AgentStatus, 'host' | 'last' | 'lastSuccess'> & { readonly applied: string | null; readonly told: string };

export function openStatusBoard(options: StatusBoardOptions): StatusBoard {
  const { memory, stateDirectory } = options;
  const startedAt = new Date().toISOString();
  const passes: Partial<Record<Trigger, number>> = {};
  let missedHooks = 0;
  let kept = (memory.get('kept') ?? { host: options.host, last: null, lastSuccess: null, applied: null, told: '' }) as Kept;
  let live: Pick<AgentStatus, 'phase' | 'nextPass' | 'fetch' | 'differing' | 'windowClosed' | 'waitsFor'> &
    Pick<AgentStatus['revision'], 'seen' | 'branch'> = {
    phase: 'starting',
    nextPass: null,
    fetch: null,
    differing: 0,
    windowClosed: false,
    waitsFor: null,
    seen: null,
    branch: null,
  };
  const suspension = (): Suspension | null => readSuspension(stateDirectory, Date.now()) ?? null;
  const approval = (): Waiting | undefined => {
    const found = memory.get('approval') as Waiting | undefined;
    return found && Date.parse(found.expires) > Date.now() ? found : undefined;
  };
  const status = (): AgentStatus => {
    const { run, reason, planDigest, expires } = approval() ?? {};
    const isWaiting = run !== undefined && reason !== undefined && planDigest !== undefined && expires !== undefined;
    return {
      schema: 'reconcile.status/1',
      host: kept.host,
      version,
      startedAt,
      phase: live.phase,
      revision: { applied: kept.applied, seen: live.seen, branch: live.branch },
      last: kept.last,
      lastSuccess: kept.lastSuccess,
      fetch: live.fetch,
      nextPass: live.nextPass,
      retry: options.attempts.retrying() ?? null,
      suspended: suspension(),
      windowClosed: live.windowClosed,
      waitsFor: live.waitsFor,
      approval: isWaiting ? { run, reason, planDigest, expires } : null,
      unconfirmed: unconfirmed(stateDirectory),
      contested: options.contest.contested(Date.now()),
      stalled: options.attempts.stalled() ?? null,
      differing: live.differing,
      passes: { ...passes },
      missedHooks,
    };
  };
  const change = (parts: Partial<typeof live>): void => {
    live = { ...live, ...parts };
    options.changed(status());
  };
  const keep = (parts: Partial<Kept>): void => {
    const before = JSON.stringify({ ...kept, lastSuccess: null });
    kept = { ...kept, ...parts };
    // A converged pass writes nothing; the time of the last success is kept at the beginning of each hour.
    const hour = (time: string | null): string => time?.slice(0, 13) ?? '';
    const { lastSuccess } = (memory.get('kept') ?? { lastSuccess: null }) as Kept;
    if (JSON.stringify({ ...kept, lastSuccess: null }) !== before || hour(lastSuccess) !== hour(kept.lastSuccess))
      memory.set('kept', kept);
  };
  return {
    status,
    suspension,
    approvedDigest: () => (approval()?.approved === true ? approval()?.planDigest : undefined),
    approve(run) {
      const waiting = approval();
      if (!waiting || run.length < 4 || !waiting.run.startsWith(run)) return false;
      memory.set('approval', { ...waiting, approved: true });
      return true;
    },
    set: change,
    counted(causes) {
      for (const cause of causes) passes[cause] = (passes[cause] ?? 0) + 1;
    },
    missedHook: () => void missedHooks++,
    looked({ state, seen, branch, remote, problem }, at) {
      const message = problem?.message ?? (remote === null ? keptUp : 'the remote answered');
      change({ fetch: { at: at.toISOString(), ok: state === 'fetched', remote, message }, seen: seen ?? live.seen, branch });
    },
    pushed({ commit, branch }, at) {
      const { fetch } = live;
      const isFed = fetch?.ok === true && fetch.remote === null;
      change({ seen: commit, branch, ...(isFed && { fetch: { ...fetch, at: at.toISOString(), message: keptUp } }) });
    },
    ended(report, at) {
      const codes = new Set(report.problems.map(({ code }) => code));
      const converged = report.outcome === 'converged';
      rememberApproval(report, codes.has('needs-approval'), approval(), memory);
      const isPlain = converged && report.writes === 0 && kept.last !== null && kept.last.outcome === 'converged';
      keep({
        host: report.host,
        ...(!isPlain && { last: { run: report.run, outcome: report.outcome, summary: report.summary, at: at.toISOString() } }),
        ...(converged && { lastSuccess: at.toISOString(), applied: report.revision.commit }),
      });
      change({ windowClosed: codes.has('outside-window'), differing: countDiffering(report.steps) });
    },
    failed(message, at) {
      keep({ last: { run: '', outcome: 'error', summary: message, at: at.toISOString() } });
      change({});
    },
    isNews({ outcome, problems, steps }) {
      const told = JSON.stringify([
        outcome,
        problems.map(({ message }) => message),
        steps.map((step) => [step.address, step.cause, step.outcome]),
      ]);
      const isNew = told !== kept.told && (outcome !== 'converged' || steps.length > 0);
      keep({ told });
      return isNew;
    },
  };
}

function unconfirmed(stateDirectory: string): AgentStatus['unconfirmed'] {
  const found = readUnconfirmed(stateDirectory);
  return found && found.takenBack === undefined ? confirmationOf(found) : null;
}

/** The same plan keeps the name under which people were asked about it. */
function rememberApproval(
  { run, planDigest, problems }: Report,
  isAsked: boolean,
  before: Waiting | undefined,
  memory: Memory,
): void {
  if (!isAsked || planDigest === null) {
    if (before || memory.get('approval') !== undefined) memory.set('approval', undefined);
    return;
  }
  if (before?.planDigest === planDigest && before.approved !== true) return;
  const reason = problems.find(({ code }) => code === 'needs-approval')?.message ?? '';
  const expires = new Date(Date.now() + approvalDays * day).toISOString();
  memory.set('approval', { run, reason, planDigest, expires } satisfies Waiting);
}
