import { expect, it } from 'vitest';
import { makeRunId } from '../../src/run/start-run.ts';

it('the runs of a second that comes again, since the clock was set back, have names of their own', () => {
  const [second, next] = ['2026-11-20T19:04:12.345Z', '2026-11-20T19:04:13.000Z'];
  const ids = [second, second, next, second].map(makeRunId);

  expect(new Set(ids).size).toBe(4);
  for (const [index, start] of ['20261120T190412Z-', '20261120T190412Z-', '20261120T190413Z-', '20261120T190412Z-'].entries())
    expect(ids[index]).toMatch(new RegExp(`^${start}[0-9a-f]{6}$`));
});
