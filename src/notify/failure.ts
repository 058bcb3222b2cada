import type { ExitName } from '../model/exit-code.ts';
import { formatProblem } from '../model/problem.ts';
import { isAboutRevision, isPutBack, quarantineOf, type Report } from '../model/report.ts';
import { revisionName, type Found } from './notice.ts';

type Words = readonly [title: string, todo: (run: string) => string];

/** What a failed run says, by how it ended. Outcomes that are no failures are not among them. */
const words: Readonly<Partial<Record<ExitName, Words>>> = {
  rolledBack: [
    'FAILED and rolled back',
    (run) => `reconcile show ${run}, then push a fix; reconcile release tries the same revision again`,
  ],
  rollbackIncomplete: [
    'BROKEN: a run failed and could not be taken back completely',
    (run) => `now, on the host: reconcile show ${run} lists what was not restored`,
  ],
  refused: [
    'REFUSED by policy; nothing was written',
    (run) => `reconcile show ${run}, then change the revision, or the policy if the revision is right`,
  ],
  invalid: ['INVALID configuration; nothing was written', () => 'reconcile validate lists every problem; push a fix'],
  error: ['FAILED with an unexpected error', (run) => `on the host: reconcile doctor, then reconcile show ${run}`],
  usage: ['FAILED: the agent is set up wrongly', () => 'on the host: reconcile doctor'],
};
const quarantined: Words = [
  'HELD in quarantine; nothing was written',
  (run) => `reconcile show ${run}, then push a revision that supersedes it; reconcile release tries the same one again`,
];

/** How a run ends that fails. */
export const isFailing = (outcome: ExitName): boolean => words[outcome] !== undefined;

/** A run that only waits is none, nor one whose plan was too old: whoever brought it knows. */
export const isFailure = (report: Report): boolean => isFailing(report.outcome) && isAboutRevision(report);

/** What a run that failed means to people; undefined for every other. */
export function failureOf(report: Report): Found | undefined {
  const said = quarantineOf(report) ? quarantined : words[report.outcome];
  if (!said || !isFailure(report)) return undefined;
  const { commit, branch, key } = report.revision;
  const revision = revisionName(commit, branch);
  return {
    subject: 'run',
    topic: 'failure',
    // A rollback that stays incomplete is worse than what was told of the same revision before.
    sameness: `${commit ?? key}${report.outcome === 'rollbackIncomplete' ? ' incomplete' : ''}`,
    title: `${said[0]}${isPutBack(report) ? '; the host is as it was' : ''} (${revision})`,
    why: withUnrestored(reasonOf(report), report),
    todo: report.retriable
      ? `nothing yet: it is tried again by itself; reconcile show ${report.run} tells more`
      : said[1](report.run),
    ended: `RECOVERED: converged again after ${revision} failed`,
  };
}

/** What could not be put back is told with what failed first. */
function withUnrestored(reason: string, { unrestored = [] }: Report): string {
  const lost = unrestored.flatMap(({ faults }) => faults).filter((fault) => !reason.includes(fault));
  return [reason, ...lost.map((fault) => `not put back: ${fault}`)].join('; ');
}

/** The nearest cause that the report has, in one sentence. */
export function reasonOf({ steps, health, refreshes, problems, summary }: Report): string {
  const failed = steps
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ address, reason }) => `${address}: ${reason ?? 'failed'}`);
  const unhealthy = health
    .filter(({ ok }) => !ok)
    .map(({ name, message }) => `unhealthy: ${name}${message ? `: ${message}` : ''}`);
  const unrefreshed = refreshes.filter(({ ok }) => !ok).map(({ name, message }) => `refresh of ${name}: ${message ?? 'failed'}`);
  const reasons = [...failed, ...unrefreshed, ...unhealthy, ...problems.map(formatProblem)];
  const [first] = reasons;
  if (first === undefined) return summary;
  return reasons.length === 1 ? first : `${first} (and ${reasons.length - 1} more)`;
}
