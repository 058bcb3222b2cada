import { verdictRank } from '../model/fleet-exit.ts';
import type { FleetReport, HostOutcome } from '../model/fleet.ts';
import { fit } from './fit.ts';
import { fleetClosing, hintLines, messageLines, nameList, usualWidth, verdictColour, verdictWords } from './fleet-words.ts';
import { groupSteps, type SharedStep } from './group-steps.ts';
import type { Paint } from './paint.ts';
import { printableLine } from './printable.ts';
import { headLine, problemBlocks, withProblems } from './render-fleet-problems.ts';
import { allowanceFor, renderStep, stepMarks, type DiffAllowance, type DiffDetail } from './render-step.ts';
import { count } from './render-text.ts';
import { tameStep } from './tame.ts';

/** Steps of one group, and of all groups together, that are shown one by one unless somebody asks for more. */
const briefSteps = { perGroup: 40, total: 200 };

/**
 * What every host would change, told once for all hosts that would do the same: first what most have in common, then those that refuse, are
 * converged, or gave no plan, by what kept them from it. Everything that a host has sent is cut and made printable.
 */
export function renderFleetCheck(report: FleetReport, detail: DiffDetail, paint: Paint, columns = usualWidth): string {
  const groups = groupSteps(report.hosts);
  const budget = detail === 'full' ? { perGroup: Infinity, total: Infinity } : { ...briefSteps };
  const allowance = allowanceFor(detail);
  const blocks = groups.map(({ hosts, steps }) => {
    const head = headLine(hosts, undefined, paint, columns);
    return `${head}\n\n${stepTexts(steps, budget, allowance, paint, columns)}`;
  });
  const planned = new Set(groups.flatMap(({ hosts }) => hosts));
  const told = new Set(withProblems(report.hosts).map(({ host }) => host));
  const others = report.hosts.filter(({ host }) => !planned.has(host) && !told.has(host));
  return [
    ...blocks,
    ...problemBlocks(report.hosts, paint, columns),
    ...restLines(others, paint, columns),
    fleetClosing(report, paint),
  ].join('');
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

/** A line for the converged ones, and a block for each other verdict: a line per message, each hint once. */
function restLines(hosts: readonly HostOutcome[], paint: Paint, columns: number): string[] {
  const byVerdict = [...Map.groupBy(hosts, ({ verdict }) => verdict)].sort(([a], [b]) => verdictRank(b) - verdictRank(a));
  return byVerdict.map(([verdict, of]) => {
    const names = of.map(({ host }) => host);
    if (verdict === 'converged') return `${headLine(names, verdict, paint, columns)}\n\n`;
    const head = `${paint('bold', count(of.length, 'host'))}, ${paint(verdictColour(verdict), verdictWords[verdict])}`;
    const lines = [...messageLines(of, columns), ...hintLines(of, columns)].map((line) => `  ${line}`);
    return `${[head, ...lines].join('\n')}\n\n`;
  });
}
