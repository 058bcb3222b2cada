import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openAttempts } from '../../src/agent/attempts.ts';
import { openContest } from '../../src/agent/contest.ts';
import { openStatusBoard } from '../../src/agent/status-board.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { Report } from '../../src/model/report.ts';
import type { Memory } from '../../src/model/reporter.ts';
import { situationAfter } from '../../src/notify/conditions.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { StateError } from '../../src/state/state-error.ts';
import { reportWith, stepWith } from '../report/report-fixture.ts';
import { mountSmall } from '../support/mount-small.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const nothing: Memory = { get: () => undefined, set: () => undefined };
const at = new Date('2020-11-20T08:00:00.000Z');
const optionsOf = (stateDirectory: string, memory: Memory) => ({
  host: 'box',
  stateDirectory,
  memory,
  attempts: openAttempts(memory),
  contest: openContest(memory),
  hooked: [],
  lastGood: () => null,
  changed: () => undefined,
});
const openBoard = (stateDirectory: string, memory = nothing) => openStatusBoard(optionsOf(stateDirectory, memory));

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
  board.worked();
  expect(board.status()).toMatchObject({ last: null, stalled: null });
  expect(board.failed(failure, at)).toBe(false);
});

it('health is what was said of what stands, and outlives a restart', () => {
  using directory = temporaryDirectory();
  const parts = new Map<string, unknown>();
  const memory: Memory = { get: (name) => parts.get(name), set: (name, value) => void parts.set(name, value) };
  const board = openBoard(directory.path, memory);
  const [good, bad] = [[{ name: 'own: tcp 22', ok: true }], [{ name: 'own: tcp 22', ok: false }]];
  const after = (report: Partial<Report>) => (board.ended(reportWith(report), at), board.status().health);

  expect(board.status()).not.toHaveProperty('health');
  expect(after({ health: good, writes: 1 })).toEqual({ at: at.toISOString(), checks: 1 });
  expect(after({ outcome: 'rolledBack', health: bad, writes: 1 })).not.toHaveProperty('failure');
  expect(after({ writes: 0, steps: [] })).toEqual({ at: at.toISOString(), checks: 1 });
  expect(board.asked(bad, at)).toBe(true);
  expect(board.asked(bad, at)).toBe(false);
  expect(openBoard(directory.path, memory).status().health).toEqual({
    at: at.toISOString(),
    checks: 1,
    failure: 'health check failed: own: tcp 22',
    failed: ['own: tcp 22'],
  });
  expect(after({ outcome: 'rollbackIncomplete', writes: 1 })).toHaveProperty('failure');
  expect(after({ writes: 1 })).toBeUndefined();
  expect(board.asked(good, at)).toBe(false);
  expect(after({ outcome: 'rollbackIncomplete', writes: 1 })).toBeUndefined();
  board.asked(good, at);
  expect(after({ action: 'rollback' })).toBeUndefined();
  board.asked(good, at);
  expect(
    after({ outcome: 'rollbackIncomplete', health: good, writes: 1 }),
    'they held before a part was taken back',
  ).toBeUndefined();
  expect(after({ outcome: 'rollbackIncomplete', health: bad, writes: 1 })).toHaveProperty('failure');
  expect(after({ outcome: 'rollbackIncomplete', health: good, writes: 1 })).toHaveProperty('failure');
  board.asked(bad, at);
  expect(board.asked([], at)).toBe(true);
  expect(board.status()).not.toHaveProperty('health');
});

it('a host that is not well is not told as healthy because something was taken back there, until it was asked', () => {
  using directory = temporaryDirectory();
  const board = openBoard(directory.path);
  const check = { name: 'own: tcp 22', ok: false };
  board.asked([check], at);
  const { open } = situationAfter({ type: 'status', status: board.status() }, [], 0);
  expect(open).toMatchObject([{ subject: 'health' }]);
  const report = reportWith({ action: 'rollback', outcome: 'rolledBack', takenBack: ['r1'] });

  board.ended(report, at);
  const after = situationAfter({ type: 'ended', report, status: board.status() }, open, 1);
  expect(after.open).toContainEqual(open[0]);

  board.asked([{ ...check, ok: true }], at);
  const { open: left } = situationAfter({ type: 'status', status: board.status() }, after.open, 2);
  expect(left.map(({ subject }) => subject)).not.toContain('health');
});

it('that all is well is written down once in an hour', () => {
  using directory = temporaryDirectory();
  const parts = new Map<string, unknown>();
  const set = vi.fn((name: string, value: unknown) => void parts.set(name, value));
  const board = openBoard(directory.path, { get: (name) => parts.get(name), set });

  for (const minute of ['00', '05', '59'])
    board.asked([{ name: 'own: tcp 22', ok: true }], new Date(`2026-11-20T08:${minute}:00Z`));
  expect(set).toHaveBeenCalledTimes(1);
  expect(board.status().health?.at).toBe('2026-11-20T08:59:00.000Z');
  board.asked([{ name: 'own: tcp 22', ok: true }], new Date('2026-11-20T09:04:00Z'));
  expect(set).toHaveBeenCalledTimes(2);
});

const fetched = { state: 'fetched', source: undefined, commit: 'c', branch: 'main', seen: 'c', remote: 'r' } as const;

it('a host is verified by a run, not by a look while it is suspended, nor before a remote was asked', () => {
  using directory = temporaryDirectory();
  const board = openBoard(directory.path);

  board.ended(reportWith(), at);
  expect(board.status().lastSuccess).toBeNull();

  board.looked(fetched, at);
  board.ended(reportWith({ action: 'check' }), at);
  expect(board.status().lastSuccess).toBeNull();

  board.ended(reportWith(), at);
  expect(board.status().lastSuccess).toBe(at.toISOString());
});

it('the age of the last success begins anew where the clock that has written it down was ahead', () => {
  using directory = temporaryDirectory();
  vi.useFakeTimers({ toFake: ['Date'], now: at });
  onTestFinished(() => void vi.useRealTimers());
  const board = openBoard(directory.path);
  board.looked(fetched, at);
  board.ended(reportWith(), new Date('2076-11-20T08:00:00.000Z'));

  const seen = board.status().lastSuccess;
  vi.setSystemTime(at.getTime() + 3_600_000);

  expect([seen, board.status().lastSuccess]).toEqual([at.toISOString(), at.toISOString()]);
});

it('a host is verified by what was pushed, also where its remote does not have that yet', () => {
  using directory = temporaryDirectory();
  const board = openBoard(directory.path);
  const behind = { source: undefined, commit: 'old', branch: 'main', seen: null, remote: 'r' } as const;
  board.looked({ ...behind, state: 'behind', problem: { code: 'old-revision', message: 'older' } }, at);
  board.ended(reportWith(), at);
  expect(board.status().lastSuccess).toBeNull();

  board.pushed({ commit: 'new', branch: 'main' }, at);
  board.ended(reportWith(), at);
  expect(board.status().lastSuccess).toBe(at.toISOString());
});

describe('beside a newest revision that is not applied', () => {
  const refusedFor = (commit: string, code: Problem['code'], members: Partial<Report> = {}): Report =>
    reportWith({
      revision: { commit, branch: 'main', workingTree: false, key: commit },
      outcome: 'refused',
      problems: [{ code, message: code }],
      planDigest: 'd',
      ...members,
    });
  const convergedTo = (commit: string): Report => ({
    ...refusedFor(commit, 'outside-window'),
    outcome: 'converged',
    problems: [],
  });
  /** The newest revision is `new`, and `good` was applied before. */
  function boardOf(directory: string) {
    const parts = new Map<string, unknown>();
    const memory: Memory = { get: (name) => parts.get(name), set: (name, value) => void parts.set(name, value) };
    const kept = { lastGood: 'good' };
    const restart = () => openStatusBoard({ ...optionsOf(directory, memory), lastGood: () => kept.lastGood });
    const board = restart();
    board.looked({ state: 'fetched', source: undefined, commit: 'new', branch: 'main', seen: 'new', remote: 'r' }, at);
    return { board, restart, kept, attempts: openAttempts(memory) };
  }

  it('a window that keeps a repair away is told, and one that keeps the newest one away also when a repair is made', () => {
    using directory = temporaryDirectory();
    const { board, attempts } = boardOf(directory.path);
    const isClosed = (act: () => unknown): boolean => (act(), board.status().windowClosed);

    attempts.quarantined('new', 'it failed');
    expect(isClosed(() => board.keptUp(refusedFor('good', 'outside-window')))).toBe(true);
    expect(isClosed(() => board.keptUp(convergedTo('good')))).toBe(false);

    attempts.refused('new', 'closed');
    expect(isClosed(() => board.ended(refusedFor('new', 'outside-window'), at))).toBe(true);
    expect(isClosed(() => board.keptUp(convergedTo('good')))).toBe(true);
  });

  it('nobody is asked about the repair of a revision that the newest one has taken the place of', () => {
    using directory = temporaryDirectory();
    const { board, kept } = boardOf(directory.path);
    const waiting = (): string | undefined => board.status().approval?.run;

    board.keptUp(refusedFor('good', 'needs-approval', { run: 'r1' }));
    board.ended(refusedFor('new', 'quarantined'), at);
    expect(waiting()).toBe('r1');
    kept.lastGood = 'new';
    board.ended(convergedTo('new'), at);

    expect(waiting()).toBeUndefined();
  });

  it('its plan that was approved stays so while nothing but the last good one is known, after a start', () => {
    using directory = temporaryDirectory();
    const { board, restart } = boardOf(directory.path);
    board.ended(refusedFor('new', 'needs-approval', { run: 'r1' }), at);
    board.approve('r1');

    const after = restart();
    after.ended(refusedFor('good', 'needs-approval', { run: 'r2', planDigest: 'e' }), at);

    expect(after.status().approval).toMatchObject({ run: 'r1', approved: true });
  });
});

it('a run with thousands of steps is news on a full disk, too', ({ skip }) => {
  using disk = mountSmall('size=2m,mode=700', skip);
  openAgentState(disk.path).close();
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk.path, 'fill')}`, 'bs=1k']);
  using state = openAgentState(disk.path);
  const board = openBoard(disk.path, state.memory('status'));
  const steps = Array.from({ length: 5_000 }, (_, index) => stepWith({ address: `file[/srv/app/${index}]` }));
  const report = reportWith({ outcome: 'rolledBack', steps });

  board.ended(report, at);

  expect(board.isNews(report)).toBe(true);
  expect(board.isNews(report)).toBe(false);
});
