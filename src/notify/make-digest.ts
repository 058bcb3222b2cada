import type { AgentStatus, Approval, Suspension } from '../model/agent.ts';
import type { ExitName } from '../model/exit-code.ts';
import type { Report, ReportedStep } from '../model/report.ts';
import { isFailure, reasonOf } from './failure.ts';

/** A day of a host, for people who were asleep. Times are ISO 8601. */
export interface Digest {
  readonly schema: 'reconcile.digest/1';
  readonly host: string;
  readonly since: string;
  readonly until: string;
  /** Runs that found something to do or failed; those that found nothing are not recorded. */
  readonly runs: { readonly total: number; readonly failed: number };
  readonly changes: readonly {
    readonly run: string;
    readonly at: string;
    readonly commit: string | null;
    readonly addresses: readonly string[];
  }[];
  readonly failures: readonly {
    readonly run: string;
    readonly at: string;
    readonly outcome: ExitName;
    readonly reason: string;
  }[];
  readonly drift: {
    /** What was put back, and how often. */
    readonly healed: readonly { readonly address: string; readonly times: number }[];
    /** What differs and is left as it is, as of the last run that looked. */
    readonly left: readonly string[];
  };
  /** How it stands at the end; null where no agent was asked. */
  readonly now: {
    readonly applied: string | null;
    readonly seen: string | null;
    readonly branch: string | null;
    readonly lastSuccess: string | null;
    readonly approval: Approval | null;
    readonly suspended: Suspension | null;
    readonly contested: readonly string[];
    readonly stalled: string | null;
    /** Why fetching fails; null when it works. */
    readonly fetch: string | null;
  } | null;
}

const isDrift = ({ cause }: ReportedStep): boolean => cause === 'drift' || cause === 'conflict';

/** `since` and `until`: milliseconds since 1970; runs that began between them are in it. `reports` in any order. */
export function makeDigest(input: {
  readonly host: string;
  readonly reports: readonly Report[];
  readonly status: AgentStatus | undefined;
  readonly since: number;
  readonly until: number;
}): Digest {
  const { host, status, since, until } = input;
  const reports = input.reports
    .map((report) => ({ report, at: Date.parse(report.startedAt) }))
    .filter(({ at, report }) => at >= since && at < until && report.outcome !== 'busy')
    .sort((a, b) => a.at - b.at)
    .map(({ report }) => report);
  const failed = reports.filter(isFailure);
  const good = reports.filter((report) => !isFailure(report));
  const healed = new Map<string, number>();
  for (const { address } of good.flatMap(({ steps }) => steps.filter((step) => isDrift(step) && step.outcome === 'changed')))
    healed.set(address, (healed.get(address) ?? 0) + 1);
  return {
    schema: 'reconcile.digest/1',
    host,
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    runs: { total: reports.length, failed: failed.length },
    changes: good.flatMap(({ run, startedAt: at, revision: { commit }, steps }) => {
      const addresses = steps.filter((step) => !isDrift(step) && step.outcome === 'changed').map(({ address }) => address);
      return addresses.length === 0 ? [] : [{ run, at, commit, addresses }];
    }),
    failures: failed.map((report) => ({
      run: report.run,
      at: report.startedAt,
      outcome: report.outcome,
      reason: reasonOf(report),
    })),
    drift: {
      healed: [...healed].map(([address, times]) => ({ address, times })).sort((a, b) => b.times - a.times),
      left: (good.at(-1)?.steps ?? [])
        .filter((step) => isDrift(step) && (step.outcome === 'held' || step.outcome === 'pending'))
        .map(({ address }) => address),
    },
    now: status ? standing(status) : null,
  };
}

const standing = ({ revision, lastSuccess, approval, suspended, contested, stalled, fetch }: AgentStatus): Digest['now'] => ({
  ...revision,
  lastSuccess,
  approval,
  suspended,
  contested,
  stalled,
  fetch: fetch && !fetch.ok ? fetch.message : null,
});
