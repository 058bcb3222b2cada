import { listed } from '../model/listed.ts';
import { failedPass, type AgentStatus } from '../model/agent.ts';
import { refusedRevision } from '../model/refused-revision.ts';
import { endsFailure, isAboutRevision, isDrift, isDriftLeft, type Report, type ReportedStep } from '../model/report.ts';
import type { News } from '../model/reporter.ts';
import { failureOf, isFailure } from './failure.ts';
import { dayAndTime, revisionName, type Condition, type Happening } from './notice.ts';

/** What is so after some news, and what happened with it. */
interface Situation {
  readonly open: readonly Condition[];
  readonly happened: readonly Happening[];
}

/** `before`: what was open until now. What news says nothing about stays as it was. */
export function situationAfter(news: News, before: readonly Condition[], now: number): Situation {
  const report = news.type === 'ended' && isAboutRevision(news.report) ? news.report : undefined;
  const find = (subject: string): Condition | undefined => before.find((condition) => condition.subject === subject);
  const failure = (report && failureOf(report, now)) ?? openFailure(find('run'), report, news.status);
  const drift = report && !isFailure(report) ? driftOf(report, now) : find('drift');
  // Since its start nobody has asked a remote.
  const fetch = news.status.fetch ? undefined : find('fetch');
  const open = [failure, drift, fetch, ...fromStatus(news.status, now)].filter((condition) => condition !== undefined);
  return {
    open: open.map((condition) => {
      const known = find(condition.subject);
      return known?.sameness === condition.sameness ? { ...condition, since: known.since } : condition;
    }),
    happened: report && !isFailure(report) ? happenedIn(report, now) : [],
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

function driftOf({ steps }: Report, now: number): Condition | undefined {
  const left = addressesOf(steps.filter(isDriftLeft));
  if (left.length === 0) return undefined;
  return {
    subject: 'drift',
    topic: 'drift',
    sameness: left.join(' '),
    since: now,
    title: 'DRIFT: local edits that are not healed',
    why: listed(left),
    todo: `reconcile explain '${left[0]}'; reconcile adopt PATH keeps an edit, on_drift: heal puts it back`,
    ended: 'No drift any more',
  };
}

function happenedIn({ steps, revision, run }: Report, now: number): readonly Happening[] {
  const changed = steps.filter(({ outcome }) => outcome === 'changed');
  const healed = addressesOf(changed.filter(isDrift));
  const updated = addressesOf(changed.filter((step) => !isDrift(step)));
  return [
    ...(healed.length === 0
      ? []
      : [
          {
            subject: 'healed',
            topic: 'drift' as const,
            sameness: healed.join(' '),
            since: now,
            title: 'Healed local edits',
            why: listed(healed),
            todo: `reconcile show ${run} has what they were`,
          },
        ]),
    ...(updated.length === 0
      ? []
      : [
          {
            subject: 'changed',
            topic: 'change' as const,
            sameness: run,
            since: now,
            title: `Converged to ${revisionName(revision.commit, revision.branch)}`,
            why: `changed ${listed(updated)}`,
            todo: '',
          },
        ]),
  ];
}

/** More than this would push everything else out of the outbox. */
const mostContested = 20;

function fromStatus(status: AgentStatus, now: number): readonly Condition[] {
  const { contested, approval, suspended, fetch, stalled, updateTakenBack, health } = status;
  const conditions: Condition[] = [];
  if (approval && !approval.approved)
    conditions.push({
      subject: 'approval',
      topic: 'approval',
      sameness: approval.run,
      since: now,
      title: 'APPROVAL needed: a plan waits for a person',
      why: approval.reason,
      todo: `reconcile show ${approval.run}, then reconcile approve ${approval.run} before ${approval.expires}`,
      // What becomes of the plan is told as a change or a failure.
      ended: '',
    });
  if (suspended)
    conditions.push({
      subject: 'suspended',
      topic: 'suspended',
      sameness: `${suspended.until} ${suspended.by} ${suspended.reason}`,
      since: now,
      title: `SUSPENDED by ${suspended.by} until ${suspended.until}`,
      why: suspended.reason,
      todo: 'nothing; reconcile resume ends it early',
      ended: 'Resumed: no longer suspended',
    });
  const refused = refusedRevision(status);
  if (refused)
    conditions.push({
      subject: 'fetch',
      topic: 'fetch',
      sameness: `refused ${refused.commit}`,
      since: now,
      title: `REFUSED: ${revisionName(refused.commit, status.revision.branch)}; the last good revision stays in force`,
      why: refused.why,
      todo: refused.hint ?? 'look at who pushed it, and push what may be trusted; on the host: reconcile doctor',
      ended: `The newest revision is taken again, after one was refused since ${dayAndTime(now)}`,
    });
  else if (fetch && !fetch.ok)
    conditions.push({
      subject: 'fetch',
      topic: 'fetch',
      sameness: fetch.state === 'refused' ? 'refused' : '',
      since: now,
      title: 'FETCH fails; the last good revision stays in force',
      why: fetch.message,
      todo: fetch.hint ?? 'look at the remote and the network; on the host: reconcile doctor',
      ended: `Fetching works again, after it failed since ${dayAndTime(fetch.at)}`,
    });
  if (updateTakenBack)
    conditions.push({
      subject: 'update',
      topic: 'failure',
      sameness: updateTakenBack.version,
      since: now,
      title: `FAILED: the update to version ${updateTakenBack.version} was taken back`,
      why: `it did not confirm itself; version ${status.version} runs on`,
      todo: 'on the host: journalctl -u timmy-reconciler says why; install another version',
      ended: 'RECOVERED: a newer version has confirmed itself',
    });
  const [, ...failedToo] = health?.failed ?? [];
  if (health?.failure !== undefined)
    conditions.push({
      subject: 'health',
      topic: 'failure',
      sameness: (health.failed ?? []).join('\n'),
      since: now,
      title: 'UNHEALTHY: what was applied has stopped working',
      why: failedToo.length > 0 ? `${health.failure}; and ${listed(failedToo)}` : health.failure,
      todo: 'nothing is taken back for it: see to the service; after each poll it is asked again',
      ended: 'HEALTHY again: no health check fails any more',
    });
  const failed = failedPass(status);
  if (stalled !== null && failed)
    conditions.push({
      subject: 'stalled',
      topic: 'failure',
      sameness: 'pass',
      since: now,
      title: 'FAILED: no pass can be made; nothing is applied or repaired',
      why: failed.summary,
      todo: failed.hint ?? 'on the host: reconcile doctor, then reconcile now',
      ended: 'RECOVERED: passes can be made again',
    });
  else if (stalled !== null)
    conditions.push({
      subject: 'stalled',
      topic: 'failure',
      sameness: '',
      since: now,
      title: 'STALLED: the agent has stopped repeating itself',
      why: stalled,
      todo: 'push another revision, or see to the cause and run reconcile now on the host',
      ended: 'No longer stalled',
    });
  for (const address of contested.slice(0, mostContested))
    conditions.push({
      subject: `contested ${address}`,
      topic: 'contested',
      sameness: '',
      since: now,
      title: `CONTESTED: something keeps changing ${address}`,
      why: 'It was healed several times in a row and is left alone for a while.',
      todo: `find what writes it, or take it out of the repository; reconcile explain '${address}'`,
      ended: `No longer contested: ${address}`,
    });
  return conditions;
}
