import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAttempts } from '../../src/agent/attempts.ts';
import { openContest } from '../../src/agent/contest.ts';
import { openStatusBoard } from '../../src/agent/status-board.ts';
import type { Memory } from '../../src/model/reporter.ts';
import { StateError } from '../../src/state/state-error.ts';
import { reportWith } from '../report/report-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const nothing: Memory = { get: () => undefined, set: () => undefined };
const at = new Date('2026-11-20T08:00:00.000Z');
const openBoard = (stateDirectory: string, memory = nothing) =>
  openStatusBoard({
    host: 'box',
    stateDirectory,
    memory,
    attempts: openAttempts(memory),
    contest: openContest(),
    lastGood: () => null,
    changed: () => undefined,
  });

it('a status says which file of the state cannot be read, and what to do', () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, 'unconfirmed.json'), '{"run":');

  const { last, unconfirmed } = openBoard(directory.path).status();

  expect(unconfirmed).toBeNull();
  expect(last).toMatchObject({ run: '', outcome: 'error', summary: expect.stringContaining('unconfirmed.json') as string });
  expect(last?.hint).toContain('reconcile history');
});

it('a status can be had where nothing is remembered any more', () => {
  using directory = temporaryDirectory();
  let isDamaged = false;
  const get = (): undefined => {
    if (isDamaged) throw new StateError('agent.db cannot be used', 'restore it');
  };
  const board = openBoard(directory.path, { ...nothing, get });
  isDamaged = true;

  expect(board.status().last).toMatchObject({ summary: 'agent.db cannot be used', hint: 'restore it' });
});

it('passes that cannot be made are told from the second one in a row, until one can', () => {
  using directory = temporaryDirectory();
  const board = openBoard(directory.path);
  const failure = new StateError('state.db cannot be used', 'restore it');

  expect(board.failed(failure, at)).toBe(false);
  expect(board.status()).toMatchObject({ last: { summary: 'state.db cannot be used', hint: 'restore it' }, stalled: null });
  expect(board.failed(failure, at)).toBe(true);
  expect(board.status().stalled).toBe('2 passes in a row could not be made: state.db cannot be used');
  expect(board.worked()).toBe(true);
  expect(board.status()).toMatchObject({ last: null, stalled: null });
  expect(board.worked()).toBe(false);
  expect(board.failed(failure, at)).toBe(false);
});

it('a host is verified by a run, not by a look while it is suspended', () => {
  using directory = temporaryDirectory();
  const board = openBoard(directory.path);

  board.ended(reportWith({ action: 'check' }), at);
  expect(board.status().lastSuccess).toBeNull();

  board.ended(reportWith(), at);
  expect(board.status().lastSuccess).toBe(at.toISOString());
});
