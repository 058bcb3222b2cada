import { expect, it } from 'vitest';
import type { FleetReport } from '../../src/model/fleet.ts';
import { inPieces } from '../../src/report/in-pieces.ts';
import { printableJson } from '../../src/report/printable.ts';
import { fleetEventLine } from '../../src/report/render-fleet-events.ts';
import { fleetReportWith, outcomeWith } from './fleet-fixture.ts';

const indented = (report: FleetReport): string => `${printableJson(JSON.stringify(report, null, 2))}\n`;
const asEvent = (report: FleetReport): string => fleetEventLine({ type: 'fleet-finished', report }, report.startedAt);
const halted = 'of "hosts": [] and \\"hosts":[], \u001b[2J';

it.each([0, 1, 3])('a report of %i hosts is the same in pieces, none of which has more than one host', (count) => {
  const hosts = Array.from({ length: count }, (_, index) => outcomeWith(`host${index}`, { message: halted.repeat(100) }));
  const report = fleetReportWith(hosts, { halted });

  for (const [write, indent] of [
    [indented, '  '],
    [asEvent, ''],
  ] as const) {
    const pieces = [...inPieces(report, write, indent)];

    expect(pieces.join('')).toBe(write(report));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(10_000);
  }
});
