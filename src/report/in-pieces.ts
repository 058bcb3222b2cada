import type { FleetReport } from '../model/fleet.ts';
import { printableJson } from './printable.ts';

/**
 * What `write` makes of a report, as JSON with this indentation, in pieces of one host each: that of thousands of hosts may be longer than
 * a string can be.
 */
export function* inPieces(report: FleetReport, write: (report: FleetReport) => string, indent: string): Generator<string> {
  const [start, end] = write({ ...report, hosts: [] }).split(/(?<="hosts": ?\[)(?=\])/);
  const lineAt = (depth: number): string => (indent === '' ? '' : `\n${indent.repeat(depth)}`);
  yield start!;
  for (const [index, host] of report.hosts.entries()) {
    const json = printableJson(JSON.stringify(host, null, indent)).replaceAll('\n', lineAt(2));
    yield (index === 0 ? '' : ',') + lineAt(2) + json;
  }
  yield (report.hosts.length === 0 ? '' : lineAt(1)) + end!;
}
