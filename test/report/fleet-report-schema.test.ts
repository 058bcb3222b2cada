import { describe, expect, it } from 'vitest';
import { fleetReportSchema } from '../../src/report/fleet-report-schema.ts';
import { aStatus } from '../support/agent-port.ts';
import { fleetReportWith, outcomeWith } from './fleet-fixture.ts';
import { reportWith } from './report-fixture.ts';

describe('the schema of a fleet report', () => {
  it('takes what fleet commands write, and gives it back unchanged', () => {
    const report = fleetReportWith(
      [
        outcomeWith('a', { report: reportWith({ retriable: true }), status: aStatus(), wave: 'canary', output: 'x' }),
        outcomeWith('b', { verdict: 'halted', hint: 'resume' }),
      ],
      { revision: { commit: 'c'.repeat(40), branch: 'main', workingTree: false }, halted: 'why', exit: 6 },
    );

    expect(fleetReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it.each([
    ['an unknown verdict', { verdict: 'fine' }],
    ['no duration', { duration: undefined }],
    ['a host that is a number', { host: 7 }],
  ])('refuses %s', (_what, members) => {
    const report = fleetReportWith([{ ...outcomeWith('a'), ...members } as never]);

    expect(fleetReportSchema.safeParse(report).success).toBe(false);
  });
});
