import type { AgentStatus, Approval } from '../model/agent.ts';
import { isPostponed, isPutBack, quarantineOf, type Report } from '../model/report.ts';
import type { Memory } from '../model/reporter.ts';

/** From when on it could be done: what waits for a window has to last until then. */
const approvalDays = 7;
const day = 24 * 60 * 60_000;

/** `commit`: of the revision whose plan waits. */
type Waiting = Approval & { readonly commit: string | null };

/** The plan that a person is asked about, on disk. */
export interface AskedPlan {
  waiting(): Waiting | undefined;
  /** What a status tells of it. */
  told(): AgentStatus['approval'];
  /** False where that run does not wait. */
  approve(run: string): boolean;
  /** Another revision has another plan. The last good one is kept up beside it. */
  supersede(commit: string | null): void;
  /**
   * The same plan keeps the name under which people were asked about it. A run on another revision says nothing about it. What is in
   * quarantine nobody can let through.
   */
  remember(report: Report): void;
}

/** `lastGood`: the commit that is kept up where the newest revision may not be applied. */
export function openAskedPlan(memory: Memory, lastGood: () => string | null | undefined): AskedPlan {
  const put = (waiting: Waiting | undefined): void => memory.set('approval', waiting);
  const waiting = (): Waiting | undefined => {
    const found = memory.get('approval') as Waiting | undefined;
    return found && Date.parse(found.expires) > Date.now() ? found : undefined;
  };
  return {
    waiting,
    told() {
      const found = waiting();
      if (!found) return null;
      const { commit: _commit, ...approval } = found;
      return approval;
    },
    approve(run) {
      const found = waiting();
      if (found?.run !== run) return false;
      put({ ...found, approved: true });
      return true;
    },
    supersede(commit) {
      const found = memory.get('approval') as Waiting | undefined;
      if (found && commit !== null && found.commit !== commit && found.commit !== lastGood()) put(undefined);
    },
    remember(report) {
      const before = waiting();
      const { run, action, outcome, planDigest, problems, opensAt } = report;
      const { commit } = report.revision;
      // One person is asked about one plan, that of the newest revision first.
      if (before && before.commit !== commit && commit === lastGood()) return;
      const isQuarantined = quarantineOf(report) !== undefined;
      const reason = problems.find(({ code }) => code === 'needs-approval')?.message;
      if (reason === undefined || planDigest === null || isQuarantined) {
        // What failed for a reason that passes is tried again, without asking again.
        const isTriedAgain = isPostponed(report) || (report.retriable && isPutBack(report));
        const isStillWaiting = isTriedAgain && before?.planDigest === planDigest;
        const isDecided = isQuarantined || (action !== 'check' && outcome !== 'busy' && !isStillWaiting);
        if (isDecided && before?.commit === commit) put(undefined);
        return;
      }
      if (before?.planDigest === planDigest && before.approved !== true) {
        if (before.commit !== commit) put({ ...before, commit });
        return;
      }
      const from = opensAt === undefined ? Date.now() : Date.parse(opensAt);
      put({ run, reason, planDigest, expires: new Date(from + approvalDays * day).toISOString(), commit });
    },
  };
}
