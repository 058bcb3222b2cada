import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { WatchAction } from '../../src/deadman/step.ts';
import { seeded } from '../support/seeded.ts';
import { hour, limits, minute, simulate, type Check, type Stretch } from './simulated-host.ts';

/** Ten thousand simulated days with `LONG=1`; a sample with the same seed otherwise. */
const days = process.env['LONG'] === '1' ? 10_000 : 600;
const seed = 20261120;

const stretch: fc.Arbitrary<Stretch> = fc.record({
  minutes: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 5, max: 90 }) }, fc.integer({ min: 90, max: 3_000 })),
  fault: fc.oneof(
    { weight: 4, arbitrary: fc.constant('none' as const) },
    fc.constantFrom('crashed' as const, 'bad-config', 'broken', 'refused', 'flapping', 'no-bus'),
  ),
  isHostBusy: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, fc.constantFrom('run' as const, 'suspended' as const)),
  isDiskFull: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
  cron: fc.oneof({ weight: 4, arbitrary: fc.constant('exact' as const) }, fc.constantFrom('gaps' as const, 'doubles' as const)),
});
const life = fc.tuple(fc.array(stretch, { minLength: 20, maxLength: 60 }), fc.integer());

let lives: (readonly Check[])[];
let lived = 0;
beforeAll(() => {
  lives = [];
  // One life after another until they are long enough together; fast-check makes the same ones for a seed.
  for (let batch = 0; lived < days; batch++)
    for (const [stretches, chance] of fc.sample(life, { seed: seed + batch, numRuns: 20 })) {
      lives.push(simulate(stretches, seeded(chance)));
      lived += stretches.reduce((sum, { minutes }) => sum + minutes, 0) / 1_440;
    }
});

const does = ({ actions }: Check, ...names: readonly WatchAction['do'][]): boolean =>
  actions.some((action) => names.includes(action.do));
const every = (judge: (life: readonly Check[]) => readonly string[]): string[] => lives.flatMap(judge).slice(0, 5);
const timesOf = (checks: readonly Check[], name: WatchAction['do']): number[] =>
  checks.filter((check) => does(check, name)).map(({ at }) => at);
const tooClose = (times: readonly number[], least: number): string[] =>
  times.flatMap((at, index) => (index > 0 && at - times[index - 1]! < least ? [`${times[index - 1]} and ${at}`] : []));

describe('a watchdog over thousands of simulated days', () => {
  it('meets every kind of trouble', () => {
    const checks = lives.flat();
    const met = (['restart', 'rollback', 'flag', 'unflag', 'snapshot', 'tell'] as const).filter((name) =>
      checks.some((check) => does(check, name)),
    );

    expect(lived).toBeGreaterThan(days - 1);
    expect(met).toHaveLength(6);
  });

  it('gives no false alarm: in front of each stand three bad looks in a row, at least half an interval apart', () => {
    const wrong = every((checks) =>
      checks.flatMap((check, index) => {
        if (check.before.condition !== 'well' || check.state.condition === 'well') return [];
        const looks = checks.slice(0, index + 1).filter(({ seen, counted }) => counted && seen.verdict !== 'blind');
        const last = looks.slice(-limits.failures);
        const isRight =
          last.length === limits.failures &&
          last.every(({ seen }) => seen.verdict === 'dead') &&
          tooClose(
            last.map(({ at }) => at),
            limits.check_interval / 2,
          ).length === 0;
        return isRight ? [] : [`alarm at ${check.at}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('never acts on 401, 403 and 429, on what it cannot see, or while others work on the host', () => {
    const wrong = every((checks) =>
      checks.flatMap((check) => {
        if (!does(check, 'restart', 'rollback', 'flag')) return [];
        const { verdict, suppressed } = check.seen;
        const isLongRun =
          suppressed === 'run' && check.at - (check.before.suppressedSince ?? check.at) >= limits.suppress_at_most;
        return verdict === 'dead' && (suppressed === undefined || isLongRun) ? [] : [`acted at ${check.at}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('misses no outage: whatever is down for three counted looks is acted upon with the third', () => {
    const wrong = every((checks) => {
      let down = 0;
      return checks
        .filter(({ counted }) => counted)
        .flatMap(({ seen, state, at }) => {
          if (seen.verdict === 'blind' || state.excused) return [];
          down = seen.verdict === 'dead' ? down + 1 : 0;
          return down >= limits.failures && state.condition === 'well' ? [`missed at ${at}`] : [];
        });
    });
    expect(wrong).toEqual([]);
  });

  it('gives up on what nothing helps, within the time of its restarts, its rollback and their cooldowns', () => {
    const longest =
      (limits.failures + 1) * limits.check_interval + (limits.max_restarts + 1) * (limits.restart_cooldown + 5 * minute);
    const wrong = every((checks) => {
      let since: number | undefined;
      return checks.flatMap(({ seen, counted, state, at }, index) => {
        const isGap = at - (checks[index - 1]?.at ?? at) > 5 * minute;
        if (!counted || seen.verdict !== 'dead' || isGap) since = undefined;
        else since ??= at;
        return since !== undefined && at - since > longest && state.condition !== 'given-up' ? [`not given up at ${at}`] : [];
      });
    });
    expect(wrong).toEqual([]);
  });

  it('restarts within its bounds: three times a day, ten minutes apart, and rolls back once a day', () => {
    const wrong = every((checks) => {
      const restarts = timesOf(checks, 'restart');
      const steps = [...restarts, ...timesOf(checks, 'rollback')].sort((a, b) => a - b);
      const crowded = restarts.filter((at, index) => at - (restarts[index - limits.max_restarts] ?? -Infinity) < limits.episode);
      return [
        ...tooClose(steps, limits.restart_cooldown),
        ...tooClose(timesOf(checks, 'rollback'), limits.episode),
        ...crowded.map((at) => `one restart too many at ${at}`),
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('tells each change at most once, never the same twice, and the same again only after an hour', () => {
    const wrong = every((checks) =>
      (['agent', 'sight', 'machine'] as const).flatMap((subject) => {
        const told = checks.flatMap(({ at, actions }) =>
          actions.flatMap((action) => (action.do === 'tell' && action.subject === subject ? [{ at, value: action.value }] : [])),
        );
        const twice = told.filter(({ value }, index) => told[index - 1]?.value === value).map(({ at }) => `twice at ${at}`);
        const values = new Set(told.map(({ value }) => value));
        const soon = [...values].flatMap((value) =>
          tooClose(
            told.filter((each) => each.value === value).map(({ at }) => at),
            hour,
          ),
        );
        const changes = checks.filter(({ before, state }) => before.condition !== state.condition).length;
        return [...twice, ...soon, ...(subject === 'agent' && told.length > changes ? [`${told.length} for ${changes}`] : [])];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('only looks at what it has given up', () => {
    const wrong = every((checks) =>
      checks
        .filter((check) => check.before.condition === 'given-up' && does(check, 'restart', 'rollback', 'flag'))
        .map(({ at }) => `acted at ${at}`),
    );
    expect(wrong).toEqual([]);
  });

  it('restarts what dies as long as the day has restarts left', () => {
    const wrong = every((checks) => {
      const restarts = timesOf(checks, 'restart');
      return checks
        .filter(({ before, state }) => before.condition === 'well' && state.condition !== 'well')
        .filter(({ at }) => restarts.filter((each) => each < at && at - each < limits.episode).length < limits.max_restarts)
        .filter(
          (check) => !does(check, 'restart') && check.at - (restarts.findLast((each) => each < check.at) ?? -Infinity) > hour,
        )
        .map(({ at }) => `no restart at ${at}`);
    });
    expect(wrong).toEqual([]);
  });

  it('is well again after two good looks, and not before', () => {
    const wrong = every((checks) => {
      let good = 0;
      return checks
        .filter(({ counted }) => counted)
        .flatMap(({ seen, before, state, at }) => {
          if (seen.verdict !== 'blind') good = seen.verdict === 'dead' ? 0 : good + 1;
          const isCleared = before.condition !== 'well' && state.condition === 'well';
          const isDue = good >= limits.clear_after && state.condition !== 'well';
          return (isCleared && good < limits.clear_after) || isDue ? [`cleared ${isCleared} at ${at} after ${good}`] : [];
        });
    });
    expect(wrong).toEqual([]);
  });

  it('what it told last is what is so, once an hour has passed without a change', () => {
    const wrong = every((checks) => {
      let since = 0;
      return checks.flatMap(({ before, state, counted, at }) => {
        if (before.condition !== state.condition) since = at;
        return counted && at - since > hour + 10 * minute && state.told.agent.value !== state.condition
          ? [`untold at ${at}`]
          : [];
      });
    });
    expect(wrong).toEqual([]);
  });

  it('keeps a snapshot of nothing but health', () => {
    const wrong = every((checks) =>
      checks
        .filter((check) => does(check, 'snapshot') && (check.seen.verdict !== 'healthy' || check.state.condition !== 'well'))
        .map(({ at }) => `snapshot at ${at}`),
    );
    expect(wrong).toEqual([]);
  });

  it('remembers only what JSON can hold', () => {
    const states = lives.map((checks) => checks.at(-1)?.state);
    expect(JSON.parse(JSON.stringify(states))).toEqual(states);
  });
});
