import type { Finding, HostOutcome } from '../../model/fleet.ts';
import type { RolloutHost, Standing } from '../../model/rollout.ts';

/** What the outcome of a push says of the revision. A host that is lost while it carries a revision out may be lost because of it. */
function standingOf({ verdict }: HostOutcome, hasBegun: boolean): Standing {
  switch (verdict) {
    case 'converged':
      return 'healthy';
    case 'busy':
    case 'halted':
      return 'absent';
    case 'unreachable':
    case 'untrusted':
    case 'denied':
    case 'missing':
      return hasBegun ? 'failed' : 'absent';
    default:
      return 'failed';
  }
}

/** As it is remembered, without the report. `begun`: the first run there of which was heard that it carries the revision out. */
export function remember(outcome: HostOutcome, begun: string | undefined): RolloutHost {
  const { verdict, message, hint, attempts, duration } = outcome;
  return {
    verdict,
    message: message.slice(0, 1_000),
    ...(hint !== undefined && { hint: hint.slice(0, 1_000) }),
    attempts,
    duration,
    standing: standingOf(outcome, begun !== undefined),
    run: changedBy(outcome, begun),
    isTakenBack: false,
  };
}

function changedBy({ verdict, report }: HostOutcome, begun: string | undefined): string | null {
  if (verdict === 'converged' && report !== undefined && report.writes > 0) return report.run;
  // A run that answered has changed nothing, or put itself back. One whose answer was lost may have changed what a later one found done.
  return begun === undefined || begun === report?.run ? null : begun;
}

/** Why a host that took the revision is not well; undefined when it is. `finding` is of a check of that revision, with the agent's status where one runs. */
export function unwellBecause({ verdict, message, status }: Finding, commit: string): string | undefined {
  if (verdict === 'busy') return undefined;
  if (verdict !== 'converged') return message;
  if (status?.stalled) return `its agent has stalled: ${status.stalled}`;
  if (status?.retry?.commit === commit) return `its agent has failed with it ${status.retry.failures} times`;
  if (status && status.contested.length > 0) return `something there keeps changing ${status.contested.slice(0, 5).join(', ')}`;
  return undefined;
}
