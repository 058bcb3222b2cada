import { verdictRank } from '../model/fleet-exit.ts';
import type { FleetReport, HostOutcome, HostVerdict } from '../model/fleet.ts';
import { fit } from './fit.ts';
import { fleetClosing, nameList, usualWidth, verdictColour, verdictWords } from './fleet-words.ts';
import { groupSteps, type SharedStep } from './group-steps.ts';
import type { Paint } from './paint.ts';
import { printableLine } from './printable.ts';
import { renderStep, stepMarks, type DiffAllowance } from './render-step.ts';
import { count, problemLines, type DiffDetail } from './render-text.ts';
import { tameProblem, tameStep } from './tame.ts';

/** Steps of one group, and of all groups together, that are shown one by one unless somebody asks for more. */
const briefSteps = { perGroup: 40, total: 200 };
const mostProblems = 50;

/**
 * What every host would change, told once for all hosts that would do the same: first what most have in common, then those that refuse, are
 * converged, or gave no plan, by what kept them from it. Everything that a host has sent is cut and made printable.
 */
export function renderFleetCheck(report: FleetReport, detail: DiffDetail, paint: Paint, columns = usualWidth): string {
  const groups = groupSteps(report.hosts);
  const budget = detail === 'full' ? { perGroup: Infinity, total: Infinity } : { ...briefSteps };
  const allowance: DiffAllowance = detail === 'full' ? { perFile: Infinity, total: Infinity } : { perFile: 16, total: 240 };
  const blocks = groups.map(({ hosts, steps }) => {
    const head = headLine(hosts, undefined, paint, columns);
    return `${head}\n\n${stepTexts(steps, budget, allowance, paint, columns)}`;
  });
  const planned = new Set(groups.flatMap(({ hosts }) => hosts));
  const troubled = report.hosts.filter(({ report: of }) => (of?.problems.length ?? 0) > 0);
  const told = new Set(troubled.map(({ host }) => host));
  const others = report.hosts.filter(({ host }) => !planned.has(host) && !told.has(host));
  return [
    ...blocks,
    ...problemBlocks(troubled, paint, columns),
    ...restLines(others, paint, columns),
    fleetClosing(report, paint),
  ].join('');
}

/** `12 hosts, refused: allegro, bezalel and 10 more`. */
function headLine(names: readonly string[], verdict: HostVerdict | undefined, paint: Paint, columns: number): string {
  const lead = count(names.length, 'host');
  const words = verdict === undefined ? '' : verdictWords[verdict];
  const list = nameList(names, columns - lead.length - words.length - 6);
  return `${paint('bold', lead)}${verdict === undefined ? '' : `, ${paint(verdictColour(verdict), words)}`}: ${list}`;
}

/** The steps with fields and diffs; where there are too many, one line for all of them. */
function stepTexts(
  steps: readonly SharedStep[],
  budget: { readonly perGroup: number; total: number },
  allowance: DiffAllowance,
  paint: Paint,
  columns: number,
): string {
  if (steps.length > Math.min(budget.perGroup, budget.total)) {
    const marks = steps.map(({ step }) => `${stepMarks[step.action]} ${printableLine(step.address.slice(0, 200))}`);
    return `  ${nameList(marks, columns - 4)}; --diff shows more\n\n`;
  }
  budget.total -= steps.length;
  return steps
    .map(({ step, exampleOf }) => {
      const own = exampleOf === undefined ? '' : paint('dim', `    on each host its own; that of ${fit(exampleOf, 80)}:\n`);
      const text = renderStep(tameStep(step), paint, allowance);
      const end = text.indexOf('\n') + 1;
      return `${text.slice(0, end)}${own}${text.slice(end)}\n`;
    })
    .join('');
}

/** Why hosts have a plan that cannot be carried out, or none; the same problems once for all that have them. */
function problemBlocks(hosts: readonly HostOutcome[], paint: Paint, columns: number): string[] {
  const keyOf = ({ verdict, report }: HostOutcome): string =>
    JSON.stringify([verdict, (report?.problems ?? []).map(({ code, message, at }) => [code, message, at])]);
  return [...Map.groupBy(hosts, keyOf).values()].map((group) => {
    const [{ verdict, report }] = group as [HostOutcome];
    const lines = problemLines((report?.problems ?? []).slice(0, mostProblems).map(tameProblem), paint);
    return `${[headLine(hostsOf(group), verdict, paint, columns), '', ...lines, ''].join('\n')}\n`;
  });
}

/** A line for the converged ones, and a block for each other verdict: a line per message, each hint once. */
function restLines(hosts: readonly HostOutcome[], paint: Paint, columns: number): string[] {
  const byVerdict = [...Map.groupBy(hosts, ({ verdict }) => verdict)].sort(([a], [b]) => verdictRank(b) - verdictRank(a));
  return byVerdict.map(([verdict, of]) => {
    const names = of.map(({ host }) => host);
    if (verdict === 'converged') return `${headLine(names, verdict, paint, columns)}\n\n`;
    const head = `${paint('bold', count(of.length, 'host'))}, ${paint(verdictColour(verdict), verdictWords[verdict])}`;
    const lines = [...Map.groupBy(of, ({ message }) => message)].map(
      ([message, those]) => `  ${nameList(hostsOf(those), columns / 2)}: ${fit(message, columns)}`,
    );
    const hints = [...new Set(of.flatMap(({ hint }) => (hint === undefined ? [] : [hint])))];
    const shownHints = hints.slice(0, 10).map((hint) => `  hint: ${fit(hint, columns * 2)}`);
    return `${[head, ...lines, ...shownHints].join('\n')}\n\n`;
  });
}

const hostsOf = (outcomes: readonly HostOutcome[]): readonly string[] => outcomes.map(({ host }) => host);
