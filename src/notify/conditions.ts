import type { AgentStatus } from '../model/agent.ts';
import { listed } from '../model/listed.ts';
import { endsFailure, isAboutRevision, isDrift, isDriftLeft, type Report, type ReportedStep } from '../model/report.ts';
import type { News } from '../model/reporter.ts';
import { failureOf, isFailure } from './failure.ts';
import { revisionName, type Condition, type Found, type Happening } from './notice.ts';
import { statusConditions } from './status-conditions.ts';

/** What is so after some news, and what happened with it. */
interface Situation {
  readonly open: readonly Condition[];
  readonly happened: readonly Happening[];
}

/** `before`: what was open until now. What news says nothing about stays as it was. */
export function situationAfter(news: News, before: readonly Condition[], now: number): Situation {
  const report = news.type === 'ended' && isAboutRevision(news.report) ? news.report : undefined;
  const find = (subject: string): Condition | undefined => before.find((condition) => condition.subject === subject);
  const failure = (report && failureOf(report)) ?? openFailure(find('run'), report, news.status);
  const drift = report && !isFailure(report) ? driftOf(report) : find('drift');
  // Since its start nobody has asked a remote.
  const fetch = news.status.fetch ? undefined : find('fetch');
  const open = [failure, drift, fetch, ...statusConditions(news.status, now)].filter((found) => found !== undefined);
  const happened = report && !isFailure(report) ? [healedIn(report), changedIn(report)] : [];
  return {
    open: open.map((found) => {
      const known = find(found.subject);
      return { ...found, since: known?.sameness === found.sameness ? known.since : now };
    }),
    happened: happened.filter((found) => found !== undefined).map((found) => ({ ...found, since: now })),
  };
}

/** A failure is over when its revision, or the newest one, is proved good. */
function openFailure(
  failure: Condition | undefined,
  report: Report | undefined,
  { retry, revision, lastSuccess, suspended }: AgentStatus,
): Condition | undefined {
  if (!failure || retry !== null) return failure;
  const { applied, seen } = revision;
  const [failed = ''] = failure.sameness.split(' ');
  if (report) return endsFailure(report, failed, seen) ? undefined : failure;
  const isProved = !suspended && lastSuccess !== null && Date.parse(lastSuccess) > failure.since && applied === seen;
  return isProved ? undefined : failure;
}

const addressesOf = (steps: readonly ReportedStep[]): readonly string[] => steps.map(({ address }) => address).sort();

function driftOf({ steps }: Report): Found | undefined {
  const left = addressesOf(steps.filter(isDriftLeft));
  if (left.length === 0) return undefined;
  return {
    subject: 'drift',
    topic: 'drift',
    sameness: left.join(' '),
    title: 'DRIFT: local edits that are not healed',
    why: listed(left),
    todo: `reconcile explain '${left[0]}'; reconcile adopt PATH keeps an edit, on_drift: heal puts it back`,
    ended: 'No drift any more',
  };
}

function healedIn({ steps, run }: Report): Omit<Happening, 'since'> | undefined {
  const healed = addressesOf(steps.filter((step) => step.outcome === 'changed' && isDrift(step)));
  if (healed.length === 0) return undefined;
  return {
    subject: 'healed',
    topic: 'drift',
    sameness: healed.join(' '),
    title: 'Healed local edits',
    why: listed(healed),
    todo: `reconcile show ${run} has what they were`,
  };
}

function changedIn({ steps, revision, run }: Report): Omit<Happening, 'since'> | undefined {
  const changed = addressesOf(steps.filter((step) => step.outcome === 'changed' && !isDrift(step)));
  if (changed.length === 0) return undefined;
  return {
    subject: 'changed',
    topic: 'change',
    sameness: run,
    title: `Converged to ${revisionName(revision.commit, revision.branch)}`,
    why: `changed ${listed(changed)}`,
    todo: '',
  };
}
