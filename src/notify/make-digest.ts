import type { AgentStatus } from '../model/agent.ts';
import type { Digest } from '../model/digest.ts';
import { isAboutRevision, isDrift, isDriftLeft, type Report } from '../model/report.ts';
import { isFailing, isFailure, reasonOf } from './failure.ts';

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
  const good = reports.filter((report) => isAboutRevision(report) && !isFailure(report));
  const gone = new Set(reports.flatMap(({ takenBack }) => takenBack ?? []));
  const healed = new Map<string, number>();
  const stands = good.filter(({ run }) => !gone.has(run));
  for (const { address } of stands.flatMap(({ steps }) => steps.filter((step) => isDrift(step) && step.outcome === 'changed')))
    healed.set(address, (healed.get(address) ?? 0) + 1);
  return {
    schema: 'reconcile.digest/1',
    host,
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    runs: { total: reports.length, failed: failed.length },
    changes: stands.flatMap(({ run, startedAt: at, revision: { commit }, steps }) => {
      const addresses = steps.filter((step) => !isDrift(step) && step.outcome === 'changed').map(({ address }) => address);
      return addresses.length === 0 ? [] : [{ run, at, commit, addresses }];
    }),
    failures: failed.map((report) => ({
      run: report.run,
      at: report.startedAt,
      outcome: report.outcome,
      reason: reasonOf(report),
    })),
    takenBack: good
      .slice(good.findLastIndex(({ action, outcome }) => action === 'converge' && outcome === 'converged') + 1)
      .flatMap(({ action, run, startedAt: at, summary }) => (action === 'rollback' ? [{ run, at, summary }] : [])),
    drift: {
      healed: [...healed].map(([address, times]) => ({ address, times })).sort((a, b) => b.times - a.times),
      left: (good.at(-1)?.steps ?? []).filter(isDriftLeft).map(({ address }) => address),
    },
    now: status ? { ...standing(status), failed: lastFailure(status, failed) } : null,
  };
}

/** What failed before that day and still stands: a report is kept when it is news. What is tried again by itself needs nobody yet. */
function lastFailure(
  { last, quarantine, approval, windowClosed, retry }: AgentStatus,
  told: readonly Report[],
): Standing['failed'] {
  const isWaiting = last?.outcome === 'refused' && (approval !== null || windowClosed);
  if (!last || last.run === '' || !isFailing(last.outcome) || quarantine || retry || isWaiting) return null;
  if (told.some(({ run }) => run === last.run)) return null;
  return { run: last.run, outcome: last.outcome, summary: last.summary };
}

type Standing = NonNullable<Digest['now']>;

const standing = ({
  revision,
  lastSuccess,
  approval,
  suspended,
  contested,
  stalled,
  quarantine,
  differing,
  updateTakenBack,
  health,
  fetch,
}: AgentStatus): Omit<Standing, 'failed'> => ({
  ...revision,
  lastSuccess,
  approval,
  suspended,
  contested,
  stalled,
  quarantine: quarantine ?? null,
  differing,
  updateTakenBack: updateTakenBack ?? null,
  health: health?.failure ?? null,
  fetch: fetch && !fetch.ok ? fetch.message : null,
});
