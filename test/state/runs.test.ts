import { expect, it } from 'vitest';
import { keptRuns } from '../../src/state/runs.ts';
import { openState } from '../../src/state/state.ts';
import { reportWith, stepWith } from '../report/report-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('a run is found by its whole id, also where another begins with it', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  for (const run of ['x.1', 'x', 'x.2']) state.runs.put(reportWith({ run, summary: `of ${run}` }));

  expect(state.runs.get('x')?.summary).toBe('of x');
  expect(state.runs.get('x.1')?.summary).toBe('of x.1');
  expect(state.runs.get('x.')).toBeUndefined();
});

it('the newest reports are kept and listed first, whatever the clock said', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  const put = (run: string, year: number): void => state.runs.put(reportWith({ run, startedAt: `${year}-01-01T00:00:00.000Z` }));
  state.transaction(() => {
    for (let index = 0; index < keptRuns; index++) put(`ahead-${index}`, 2099);
  });
  put('now', 2026);
  put('then', 2026);

  const kept = state.runs.list(keptRuns + 1).map(({ run }) => run);
  expect(kept).toHaveLength(keptRuns);
  expect(kept.slice(0, 3)).toEqual(['then', 'now', `ahead-${keptRuns - 1}`]);
  expect(state.runs.get('ahead-0')).toBeUndefined();
});

it('a report that is completed later stays where it was', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  for (const run of ['a', 'b']) state.runs.put(reportWith({ run }));

  state.runs.put(reportWith({ run: 'a', summary: 'confirmed' }));

  expect(state.runs.list(5).map(({ run, summary }) => [run, summary === 'confirmed'])).toEqual([
    ['b', false],
    ['a', true],
  ]);
});

it('lists have all of a run but its steps', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  const { steps, ...rest } = reportWith({ run: 'a', steps: [stepWith()] });
  state.runs.put({ ...rest, steps });

  expect(state.runs.summaries(5)).toEqual([rest]);
});

it('a brief report has all but the diffs', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  const step = stepWith({ address: 'file[/motd]', outcome: 'changed', diffs: [{ path: '/motd', text: '-a\n+b\n' }] });
  for (const run of ['a', 'b', 'c']) state.runs.put(reportWith({ run, steps: [step] }));

  expect(state.runs.briefs(2)).toEqual(['c', 'b'].map((run) => reportWith({ run, steps: [{ ...step, diffs: [] }] })));
});
