import type { FleetReport, HostOutcome } from '../model/fleet.ts';
import { fleetClosing, longestMessage, nameList, usualWidth, verdictColour } from './fleet-words.ts';
import { fit } from './fit.ts';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';
import { count } from './render-text.ts';

const longest = 256 * 1024;

/** What a program printed on all hosts, once for all that printed the same with the same end; the largest group first. */
export function renderOutputs(report: FleetReport, paint: Paint, columns = usualWidth): string {
  const groups = Map.groupBy(report.hosts, ({ verdict, message, output }) => JSON.stringify([verdict, message, output]));
  const blocks = [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .map((group) => {
      const { verdict, message, hint } = group[0]!;
      const lead = count(group.length, 'host');
      const names = nameList(
        group.map(({ host }) => host),
        Math.max(20, columns - lead.length - 12),
      );
      const head = `${paint('bold', lead)}: ${names}`;
      const end = paint(verdictColour(verdict), `  ${fit(message, longestMessage)}`);
      const lines = [head, end, ...(hint === undefined ? [] : [`  hint: ${fit(hint, columns * 2)}`]), ...outputLines(group[0]!)];
      return `${lines.join('\n')}\n\n`;
    });
  return blocks.join('') + fleetClosing(report, paint);
}

/** Indented, so that no output looks like one of our own lines. */
function outputLines({ output }: HostOutcome): readonly string[] {
  if (output === undefined || output === '') return [];
  const lines = printable(output.slice(0, longest)).replace(/\n$/, '').split('\n');
  const rest = output.length - longest;
  return [...lines.map((line) => `    ${line}`), ...(rest > 0 ? [`    ... ${rest} more characters`] : [])];
}
