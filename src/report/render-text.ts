import { outsideTags } from '../model/plan.ts';
import { formatPosition, formatProblem, type Problem } from '../model/problem.ts';
import type { Report, ReportedStep } from '../model/report.ts';
import type { Confirmation } from '../model/unconfirmed.ts';
import type { Paint } from './paint.ts';
import { printableLine } from './printable.ts';
import { allowanceFor, causeInWords, renderStep, type DiffDetail, type Why } from './render-step.ts';

/** A whole report for people: what the plan was, what became of it, one closing line. Ends with a newline. */
export function renderReport(report: Report, paint: Paint, detail: DiffDetail): string {
  return (
    renderPlan(report.host, revisionInWords(report), report.steps, paint, detail, whyOf(report)) + renderClosing(report, paint)
  );
}

/** How the steps of this report say why they are done. */
export const whyOf = ({ action }: Pick<Report, 'action'>): Why => (action === 'rollback' ? takenBackInWords : causeInWords);

const takenBackInWords: Why = ({ outcome }) =>
  outcome === 'unchanged' ? 'not taken back' : outcome === 'pending' ? 'to be taken back' : 'taken back';

/** Host and revision, and the steps. Without anything to do only what is held or adopted, a line each. */
export function renderPlan(
  host: string,
  revision: string,
  steps: readonly ReportedStep[],
  paint: Paint,
  detail: DiffDetail,
  why: Why = causeInWords,
): string {
  const isWork = steps.some((step) => step.action !== 'none' && !isOutsideTags(step));
  const header = isWork ? `${paint('bold', printableLine(host))} at ${printableLine(revision)}\n\n` : '';
  return header + renderSteps(steps, paint, detail, why);
}

/** `1a2b3c4d (main) with uncommitted changes`. */
export function revisionInWords({ revision }: Pick<Report, 'revision'>): string {
  const { commit, branch, uncommitted } = revision;
  const at = commit ? `${commit.slice(0, 8)}${branch ? ` (${branch})` : ''}` : 'a directory outside git';
  return at + uncommittedInWords(uncommitted);
}

/** Behind the name of a commit. */
export const uncommittedInWords = (uncommitted: boolean | undefined): string => (uncommitted ? ' with uncommitted changes' : '');

/** The steps in order, with their diffs. */
export function renderSteps(steps: readonly ReportedStep[], paint: Paint, detail: DiffDetail, why: Why = causeInWords): string {
  const allowance = allowanceFor(detail);
  const chosen = steps.filter((step) => !isOutsideTags(step));
  const work = chosen.filter(({ action }) => action !== 'none');
  const others = chosen.filter(({ action }) => action === 'none');
  const blocks = work.map((step) => `${renderStep(step, paint, allowance, why)}\n`);
  const lines = others.map((step) => renderStep(step, paint, allowance, why));
  return [...blocks, ...lines, ...(others.length > 0 ? ['\n'] : [])].join('');
}

/** Everything after the steps: recovery, refreshes, health, problems, and the closing line. */
export function renderClosing(report: Report, paint: Paint): string {
  const lines: string[] = [];
  if (report.recovered.length > 0) {
    lines.push(`Recovered from an interrupted run: restored ${report.recovered.map(printableLine).join(', ')}`);
  }
  for (const { name, ok, message } of report.refreshes)
    lines.push(check('refreshed', 'refresh failed', name, ok, message, paint));
  for (const { name, ok, message } of report.health) lines.push(check('healthy', 'unhealthy', name, ok, message, paint));
  lines.push(...problemLines(report.problems, paint));
  lines.push(closingLine(report, paint));
  if (report.confirmation) lines.push(confirmationLine(report.confirmation, paint));
  return `${lines.join('\n')}\n`;
}

function confirmationLine({ run, state, by, because, until }: Confirmation, paint: Paint): string {
  const what = `${printableLine(because.join(', '))} of run ${run}`;
  if (state === 'confirmed') return `${what} could have cut this host off, and was confirmed`;
  if (state === 'taken-back') return `${what} could have cut this host off, was not confirmed, and was taken back`;
  const unless = by === 'remote' ? 'the remote is reached' : `you say \`reconcile confirm\` over a NEW connection`;
  return paint('yellow', `${what} can cut this host off: taken back at ${until.slice(11, 19)}Z unless ${unless}`);
}

/** Problems as `file:line:column  message; hint`, one per line. */
export function problemLines(problems: readonly Problem[], paint: Paint): string[] {
  return problems.map((problem) => {
    const related = (problem.related ?? []).map((at) => ` (see ${printableLine(formatPosition(at))})`).join('');
    const hosts = problem.onlyOn === undefined ? '' : ` (only ${printableLine(problem.onlyOn)})`;
    return `${paint('red', printableLine(formatProblem(problem)))}${related}${hosts} ${paint('dim', `[${problem.code}]`)}`;
  });
}

function check(good: string, bad: string, name: string, ok: boolean, message: string | undefined, paint: Paint): string {
  const text = `${ok ? good : bad}: ${printableLine(name)}${message ? `: ${printableLine(message)}` : ''}`;
  return ok ? text : paint('red', text);
}

/** The report's own sentence, with the duration; what is pending is counted once more, as the last line. */
function closingLine(report: Report, paint: Paint): string {
  const line = `${printableLine(report.summary)} (${duration(report.duration)})`;
  switch (report.outcome) {
    case 'converged':
      return paint('green', line);
    case 'upstreamPending':
    case 'driftOnly':
    case 'conflict':
      return `${line}\n${planLine(report.steps)}`;
    case 'busy':
      return paint('yellow', line);
    case 'error':
    case 'rolledBack':
    case 'rollbackIncomplete':
    case 'refused':
    case 'invalid':
    case 'usage':
      return paint('red', line);
  }
}

/** `Plan: 2 to add, 1 to change, 0 to remove`, and what is held or adopted. */
export function planLine(steps: readonly ReportedStep[]): string {
  const left = steps.filter(isOutsideTags).length;
  const open = steps.filter(({ outcome }) => outcome !== 'held');
  const among = (...actions: readonly ReportedStep['action'][]): number =>
    open.filter(({ action }) => actions.includes(action)).length;
  const held = steps.length - open.length - left;
  const adopted = open.filter(({ cause }) => cause === 'adopted').length;
  const others = [...(held > 0 ? [`${held} held`] : []), ...(adopted > 0 ? [`${adopted} adopted`] : [])];
  if (left > 0) others.push(`${left} ${outsideTags}`);
  const main = `Plan: ${among('create')} to add, ${among('update', 'replace')} to change, ${among('remove')} to remove`;
  return [main, ...others].join(', ');
}

/** Who names tags does not want to read about the rest; it is counted. */
export const isOutsideTags = ({ outcome, reason }: ReportedStep): boolean => outcome === 'held' && reason === outsideTags;

/** `1 problem`, `2 problems`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Milliseconds for people: `38 ms`, `1.2 s`, `3 min 20 s`. */
export function duration(milliseconds: number): string {
  const [tenths, seconds] = [Math.round(milliseconds / 100), Math.round(milliseconds / 1_000)];
  if (Math.round(milliseconds) < 1_000) return `${Math.round(milliseconds)} ms`;
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
