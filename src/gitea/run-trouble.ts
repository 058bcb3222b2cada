import { failureKey } from '../model/failure-key.ts';
import { digestOf } from '../model/json.ts';
import { isDriftLeft, isPutBack, quarantineOf, type Report, type ReportedStep } from '../model/report.ts';
import { plain } from '../report/paint.ts';
import { printableLine } from '../report/printable.ts';
import { causeInWords } from '../report/render-step.ts';
import { problemLines } from '../report/render-text.ts';
import { fenced } from './fenced.ts';

/** Something that people should see to. Equal keys: nothing new to tell. Texts are Markdown. */
export interface Trouble {
  readonly key: string;
  /** Ends the sentence that the name of the host begins. */
  readonly title: string;
  readonly text: string;
}

const mostLines = 40;
const longestLine = 400;
const longestText = 12_000;

/**
 * What a run says is wrong; undefined when nothing is. Names only what differs and why: live values of a host are for those
 * who may log in there.
 */
export function runTrouble(report: Report): (Trouble & { readonly isDrift: boolean }) | undefined {
  const { outcome, revision, problems, steps } = report;
  const kind = kindOf(report);
  if (!kind) return undefined;
  const shown = kind === 'drift' ? steps.filter(isDriftLeft) : steps.filter(({ outcome }) => isFailure(outcome));
  const checks = [...report.refreshes, ...report.health].filter(({ ok }) => !ok);
  const lines = [
    printableLine(report.summary),
    ...first(problemLines(problems, plain)),
    ...first(checks.map(({ name, message }) => printableLine(`failed: ${name}${message ? `: ${message}` : ''}`))),
    ...first(shown.map(stepLine)),
  ];
  const at = revision.commit ? `commit ${revision.commit}` : 'a directory outside git';
  return {
    key:
      kind === 'drift'
        ? digestOf({ outcome, steps: shown.map(({ address, cause, outcome }) => ({ address, cause, outcome })) })
        : failureKey(report),
    isDrift: kind === 'drift',
    title: titles[kind],
    text: [
      `Run \`${report.run}\` at ${at}:`,
      '',
      fenced(lines.map(cut).join('\n'), longestText),
      '',
      `On the host, \`reconcile show ${report.run}\` shows all of it. ${adviceFor(kind, report)}`,
    ].join('\n'),
  };
}

const titles = {
  incomplete: 'could not be rolled back completely',
  failed: 'could not apply a revision',
  quarantined: 'keeps a revision in quarantine',
  refused: 'refuses a revision',
  invalid: 'cannot read a revision',
  drift: 'differs from the repository',
} as const;

const advice = {
  incomplete: 'The host is between two revisions: see to it, then run `reconcile` there.',
  failed: 'The revision is tried again by itself; a newer one is tried at once.',
  quarantined: 'A newer revision is tried at once, this one is tried again only after `reconcile release` on the host.',
  refused: 'Nothing was written. Change the revision, or what the policy allows.',
  invalid: 'Nothing was written. Correct the places that are named.',
  drift: 'Change the repository, or the host: these resources are not repaired by themselves.',
} as const satisfies Readonly<Record<keyof typeof titles, string>>;

function adviceFor(kind: keyof typeof titles, report: Report): string {
  if (kind !== 'failed') return advice[kind];
  // As the engine has put it in quarantine.
  const isKeptAway = report.outcome === 'rolledBack' && report.retriable !== true;
  return `${isPutBack(report) ? 'The host is as it was before. ' : ''}${advice[isKeptAway ? 'quarantined' : 'failed']}`;
}

function kindOf(report: Report): keyof typeof titles | undefined {
  const { outcome, steps } = report;
  switch (outcome) {
    case 'rollbackIncomplete':
      return 'incomplete';
    case 'rolledBack':
    case 'error':
      return 'failed';
    case 'refused':
      return quarantineOf(report) ? 'quarantined' : 'refused';
    case 'invalid':
    case 'usage':
      return 'invalid';
    case 'converged':
    case 'upstreamPending':
    case 'driftOnly':
    case 'conflict':
      return steps.some(isDriftLeft) ? 'drift' : undefined;
    case 'busy':
      return undefined;
  }
}

const isFailure = (outcome: ReportedStep['outcome']): boolean => outcome === 'failed' || outcome === 'restored';

function stepLine(step: ReportedStep): string {
  const outcome = step.outcome === 'pending' ? '' : `, ${step.outcome}`;
  const fields = step.changes.map(({ field }) => field || '.').join(', ');
  const what = `${step.address}  ${causeInWords(step)}${outcome}${step.reason ? `: ${step.reason}` : ''}`;
  return printableLine(fields ? `${what} (${fields})` : what);
}

const cut = (line: string): string => (line.length <= longestLine ? line : `${line.slice(0, longestLine - 3)}...`);

const first = (lines: readonly string[]): readonly string[] =>
  lines.length <= mostLines ? lines : [...lines.slice(0, mostLines), `... ${lines.length - mostLines} more`];
