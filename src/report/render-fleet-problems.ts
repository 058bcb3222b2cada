import type { FleetReport, HostOutcome, HostVerdict } from '../model/fleet.ts';
import { nameList, verdictColour, verdictWords } from './fleet-words.ts';
import type { Paint } from './paint.ts';
import { count, problemLines } from './render-text.ts';
import { tameProblem } from './tame.ts';

/** Problems that are shown of a group of hosts. */
const mostProblems = 50;

export const withProblems = (hosts: FleetReport['hosts']): readonly HostOutcome[] =>
  hosts.filter(({ report }) => (report?.problems.length ?? 0) > 0);

/** Why hosts have a plan that cannot be carried out, or none: a block for all that have the same problems with the same verdict. */
export function problemBlocks(hosts: readonly HostOutcome[], paint: Paint, columns: number): string[] {
  const keyOf = ({ verdict, report }: HostOutcome): string =>
    JSON.stringify([verdict, (report?.problems ?? []).map(({ code, message, at }) => [code, withoutRun(message), at])]);
  return [...Map.groupBy(withProblems(hosts), keyOf).values()].map((group) => {
    const [{ verdict, report }] = group as [HostOutcome];
    const problems = (report?.problems ?? []).slice(0, mostProblems).map(tameProblem);
    const common = group.length === 1 ? problems : problems.map((each) => ({ ...each, message: withoutRun(each.message) }));
    const lines = problemLines(common, paint);
    return `${[headLine(hostsOf(group), verdict, paint, columns), '', ...lines, ''].join('\n')}\n`;
  });
}

/** On each host the same failure was another run. */
const withoutRun = (message: string): string => message.replace(/\brun \d{8}T\d{6}Z-[\w.]+: /, '');

/** `12 hosts, refused: allegro, bezalel and 10 more`. */
export function headLine(names: readonly string[], verdict: HostVerdict | undefined, paint: Paint, columns: number): string {
  const lead = count(names.length, 'host');
  const words = verdict === undefined ? '' : verdictWords[verdict];
  const list = nameList(names, columns - lead.length - words.length - 6);
  return `${paint('bold', lead)}${verdict === undefined ? '' : `, ${paint(verdictColour(verdict), words)}`}: ${list}`;
}

const hostsOf = (outcomes: readonly HostOutcome[]): readonly string[] => outcomes.map(({ host }) => host);
