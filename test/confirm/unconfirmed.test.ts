import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readNow, termFrom } from '../../src/host/term.ts';
import type { Report } from '../../src/model/report.ts';
import { confirmationOf, type Unconfirmed } from '../../src/model/unconfirmed.ts';
import { awaitConfirmation, findUnsettled } from '../../src/operations/await-confirmation.ts';
import { confirmRun } from '../../src/operations/confirm-run.ts';
import { takeBackUnconfirmed } from '../../src/operations/take-back-unconfirmed.ts';
import { takeLock } from '../../src/state/lock.ts';
import { openState } from '../../src/state/state.ts';
import { readUnconfirmed, writeUnconfirmed } from '../../src/state/unconfirmed.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';

const file = (content: string): string => `- { kind: file, path: "{{ base }}/a", content: ${content} }`;
const until = new AbortController().signal;
const silent = (): void => undefined;
const accept = (): Promise<void> => Promise.resolve();

/** A run that was applied, and that waits for `within` milliseconds. */
function waiting(within: number, parts: Partial<Unconfirmed> = {}): { repository: LiveRepository; state: string; run: string } {
  const repository = makeLiveRepository(file('one'));
  repository.report();
  repository.resources(file('two'));
  const { run } = repository.report();
  const state = repository.env['RECONCILE_STATE_DIR']!;
  const term = termFrom(readNow(), within);
  writeUnconfirmed(state, { run, by: 'remote', because: ['file[a]'], health: [], ...term, ...parts });
  return { repository, state, run };
}
const content = ({ base }: LiveRepository): string => readFileSync(join(base, 'a'), 'utf8');
const noteOf = (state: string): boolean => existsSync(join(state, 'unconfirmed.json'));

describe('a run that waits for its confirmation', () => {
  it('stays when it is confirmed, by its id or without', async () => {
    const { repository, state, run } = waiting(60_000);
    using _ = repository;

    expect(await confirmRun(state, { run: 'another', accept })).toMatchObject({ exit: 'usage' });
    expect(await confirmRun(state, { run: run.slice(0, 8), accept })).toMatchObject({ exit: 'usage' });
    expect(noteOf(state)).toBe(true);
    expect(await confirmRun(state, { run, accept })).toEqual({ confirmed: run });
    expect(noteOf(state)).toBe(false);
    expect(await confirmRun(state, { accept })).toEqual({ confirmed: undefined });
    expect(await confirmRun(state, { run: '2', accept })).toMatchObject({ exit: 'usage' });
    expect(await takeBackUnconfirmed(state, silent)).toBeUndefined();
    expect(content(repository)).toBe('two');
  });

  it('is taken back when its time is over and not before, once, with its ledger, and in quarantine', async () => {
    const { repository, state, run } = waiting(60_000);
    using _ = repository;
    expect(await takeBackUnconfirmed(state, silent)).toBeUndefined();
    writeUnconfirmed(state, { ...readUnconfirmed(state)!, within: 0 });

    const report = (await takeBackUnconfirmed(state, silent)) as Report;
    expect(report).toMatchObject({
      exit: 6,
      action: 'rollback',
      summary: expect.stringContaining(`Run ${run} was not confirmed`),
    });
    expect(content(repository)).toBe('one');
    expect(await takeBackUnconfirmed(state, silent)).toBeUndefined();
    expect(repository.report()).toMatchObject({ exit: 7, problems: [{ code: 'quarantined' }] });
    repository.resources(file('one'));
    expect(repository.report()).toMatchObject({ exit: 0, writes: 0 });
  });

  it('is waited for by runs that have something to do, and told by those that have not', () => {
    const { repository, run } = waiting(60_000);
    using _ = repository;

    expect(repository.report()).toMatchObject({ exit: 0, confirmation: { run, state: 'waiting' } });
    repository.resources(file('three'));
    expect(repository.report()).toMatchObject({ exit: 5, summary: expect.stringContaining(`Run ${run} waits until`) });
    expect(repository.report(['--check'])).toMatchObject({ exit: 2 });
    expect(content(repository)).toBe('two');
  });

  it('is neither confirmed nor taken back while a run is at work', async () => {
    const { repository, state } = waiting(0);
    using _ = repository;
    const lock = takeLock(state);

    expect(await takeBackUnconfirmed(state, silent)).toBe('busy');
    expect(await confirmRun(state, { accept })).toMatchObject({ exit: 'busy' });
    lock?.release();
    expect(await takeBackUnconfirmed(state, silent)).toMatchObject({ exit: 6 });
  });

  it('keeps no other run away once nothing of it is left', async () => {
    const { repository, state } = waiting(60_000);
    using _ = repository;
    await confirmRun(state, { accept });
    const lock = takeLock(state);

    expect(await takeBackUnconfirmed(state, silent)).toBeUndefined();
    lock?.release();
  });

  it('is no longer waited for when a person takes it back', async () => {
    const { repository, state, run } = waiting(60_000);
    using _ = repository;

    expect(repository.cli(['rollback']).exit).toBe(0);
    expect(noteOf(state)).toBe(false);
    const follow = { stateDirectory: state, reach: () => Promise.resolve(true), accept, emit: silent };
    expect(await awaitConfirmation(run, follow, until)).toBeUndefined();
  });

  it('was none when it never began: only the note goes', async () => {
    const { repository, state } = waiting(0, { run: '20200101T000000Z-000000' });
    using _ = repository;

    expect(findUnsettled(state)).toBeUndefined();
    expect(await takeBackUnconfirmed(state, silent)).toBeUndefined();
    expect([content(repository), noteOf(state)]).toEqual(['two', false]);
  });

  it('is not guessed from a note that is not what was written', () => {
    const { repository, state } = waiting(60_000);
    using _ = repository;
    writeFileSync(join(state, 'unconfirmed.json'), '{"run":"x"}');

    expect(() => readUnconfirmed(state)).toThrow('cannot be told');
    expect(repository.run().stderr).toContain('is not what was written');
  });
});

it.each([
  ['a person', (state: string, acceptRun: () => Promise<void>) => confirmRun(state, { accept: acceptRun })],
  [
    'its remote',
    (state: string, acceptRun: () => Promise<void>, run: string) =>
      awaitConfirmation(
        run,
        { stateDirectory: state, reach: () => Promise.resolve(true), accept: acceptRun, emit: silent },
        until,
      ),
  ],
  [
    'a person while its remote is waited for',
    async (state: string, acceptRun: () => Promise<void>, run: string) => {
      await confirmRun(state, { accept });
      return awaitConfirmation(
        run,
        { stateDirectory: state, reach: () => Promise.resolve(false), accept: acceptRun, emit: silent },
        until,
      );
    },
  ],
])('a run that %s confirms is accepted before another can be at work', async (_who, confirm) => {
  const { repository, state, run } = waiting(60_000);
  using _ = repository;
  {
    using kept = openState(state);
    kept.runs.put({ ...kept.runs.get(run)!, confirmation: confirmationOf(readUnconfirmed(state)!) });
  }
  const isFree: boolean[] = [];
  const watch = (): Promise<void> => {
    using lock = takeLock(state);
    isFree.push(lock !== undefined);
    return Promise.resolve();
  };

  await confirm(state, watch, run);

  expect(isFree).toEqual([false]);
});

describe('whoever follows the remote of a run that waits', () => {
  it('confirms it when the remote answers at last and the health checks hold', async () => {
    const { repository, state, run } = waiting(60_000, {
      health: [{ role: 'r', check: { command: { argv: ['true'], within: '1s' } } }],
    });
    using _ = repository;
    const answers = [Promise.reject(new Error('no route')), Promise.resolve(true)];
    const follow = { stateDirectory: state, reach: () => answers.shift() ?? Promise.resolve(true), accept, emit: silent };

    expect(findUnsettled(state)).toBe(run);
    await awaitConfirmation(run, follow, until);
    expect([answers, noteOf(state), findUnsettled(state)]).toEqual([[], false, undefined]);
  });

  it.each([
    ['the remote does not answer', () => Promise.resolve(false), [], 'the remote did not answer'],
    ['nothing answers at all', (signal: AbortSignal) => untilAborted(signal), [], 'the remote did not answer'],
    [
      'a health check fails',
      () => Promise.resolve(true),
      [{ role: 'r', check: { command: { argv: ['false'], within: '0s' } } }],
      'health check failed: r',
    ],
  ])('takes it back and says why when %s', async (_title, reach, health, why) => {
    const { repository, state, run } = waiting(1_500, { health });
    using _ = repository;

    const report = await awaitConfirmation(run, { stateDirectory: state, reach, accept, emit: silent }, until);
    expect(report).toMatchObject({ exit: 6, summary: expect.stringContaining(why) });
    expect(content(repository)).toBe('one');
    expect(findUnsettled(state)).toBeUndefined();
  });

  it('is told when the timer took it back while nobody followed, once', async () => {
    const { repository, state, run } = waiting(0);
    using _ = repository;
    const taken = (await takeBackUnconfirmed(state, silent)) as Report;
    const follow = { stateDirectory: state, reach: () => Promise.resolve(true), accept, emit: silent };

    expect(findUnsettled(state)).toBe(run);
    expect(await awaitConfirmation(run, follow, until)).toMatchObject({ run: taken.run, exit: 6 });
    expect(findUnsettled(state)).toBeUndefined();
  });

  it('is told once also while the one who took it back is still at work', async () => {
    const { repository, state, run } = waiting(0);
    using _ = repository;
    const taken = (await takeBackUnconfirmed(state, silent)) as Report;
    const follow = { stateDirectory: state, reach: () => Promise.resolve(true), accept, emit: silent };
    const lock = takeLock(state);
    const told = awaitConfirmation(run, follow, until);
    await setImmediate();

    expect(noteOf(state)).toBe(true);
    lock?.release();
    expect(await told).toMatchObject({ run: taken.run });
    expect(noteOf(state)).toBe(false);
  });

  it('leaves it waiting when a signal ends that', async () => {
    const { repository, state, run } = waiting(60_000);
    using _ = repository;
    const ending = new AbortController();
    const reach = (): Promise<boolean> => {
      ending.abort();
      return Promise.resolve(false);
    };

    expect(await awaitConfirmation(run, { stateDirectory: state, reach, accept, emit: silent }, ending.signal)).toBeUndefined();
    expect([content(repository), noteOf(state)]).toEqual(['two', true]);
  });
});

const untilAborted = (signal: AbortSignal): Promise<boolean> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
