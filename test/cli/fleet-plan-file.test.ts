import { expect, it } from 'vitest';
import { writeFleetPlan } from '../../src/cli/fleet-plan-file.ts';
import { fleetReportWith, outcomeWith } from '../report/fleet-fixture.ts';

it('plans that no file can hold are refused with what to do about it', () => {
  const report = fleetReportWith(Array(600).fill(outcomeWith('web', { message: 'x'.repeat(1024 * 1024) })));

  expect(() => writeFleetPlan('/nonexistent/plan.json', report, [])).toThrow(
    expect.objectContaining({
      message: 'the plans of all these hosts are too much for one file',
      hint: 'make one of fewer: --limit',
    }),
  );
});
