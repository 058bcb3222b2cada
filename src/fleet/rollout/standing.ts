import type { Finding, HostOutcome } from '../../model/fleet.ts';
import type { RolloutHost, Standing } from '../../model/rollout.ts';

/** What a push came to on one host. `hasBegun`: the host had begun to carry it out when the answer ended. */
export interface Pushed {
  readonly outcome: HostOutcome;
  readonly hasBegun: boolean;
}

/** What the outcome of a push says of the revision. A host that is lost while it carries a revision out may be lost because of it. */
function standingOf({ outcome, hasBegun }: Pushed): Standing {
  switch (outcome.verdict) {
    case 'converged':
      return 'healthy';
    case 'busy':
    case 'unreachable':
    case 'untrusted':
    case 'denied':
    case 'missing':
    case 'halted':
      return hasBegun && outcome.verdict !== 'busy' && outcome.verdict !== 'halted' ? 'failed' : 'absent';
    default:
      return 'failed';
  }
}

/** As it is remembered, without the report. */
export function remember(pushed: Pushed): RolloutHost {
  const { verdict, message, hint, attempts, duration, report } = pushed.outcome;
  // Whatever else ended there has put itself back.
  const hasChanged = verdict === 'converged' && report !== undefined && report.writes > 0;
  return {
    verdict,
    message: message.slice(0, 1_000),
    ...(hint !== undefined && { hint: hint.slice(0, 1_000) }),
    attempts,
    duration,
    standing: standingOf(pushed),
    run: hasChanged ? report.run : null,
    isTakenBack: false,
  };
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
