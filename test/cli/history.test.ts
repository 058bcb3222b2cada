import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stateDirectory } from '../../src/state/state-directory.ts';
import { openState } from '../../src/state/state.ts';
import { reportWith, stepWith } from '../report/report-fixture.ts';
import { runCli } from '../support/run-cli.ts';
import { historySchema } from '../../src/report/answer-schemas.ts';
import { expectDocumented } from '../support/documented.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'history-'));
  const state = openState(stateDirectory(root));
  for (const day of [1, 2, 3]) {
    const counts = { ...reportWith().counts, create: day };
    state.runs.put(
      reportWith({
        run: `run-${day}0`,
        startedAt: `2026-11-0${day}T08:00:00.000Z`,
        counts,
        summary: `${day} added`,
        steps: [stepWith({ outcome: 'changed' })],
      }),
    );
  }
  state.runs.put(reportWith({ run: 'run-30.1', summary: 'of the same second' }));
  state.close();
});
afterAll(() => rmSync(root, { recursive: true }));

describe('history', () => {
  it('lists runs newest first, as many as asked for', () => {
    const { exit, stdout } = runCli(['history', '--root', root, '--limit', '2']);

    expect(exit).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['run-30.1', 'run-30', '']);
    expect(stdout).toContain('2026-11-03 08:00:00Z');
    expect(stdout).toContain('+3 ~0 -0');
  });

  it('is JSON or one JSON object per line when asked', () => {
    const { stdout } = runCli(['history', '--root', root, '-o', 'json']);
    const list = JSON.parse(stdout) as { run: string }[];
    const lines = runCli(['history', '--root', root, '-o', 'ndjson']).stdout.trimEnd().split('\n');

    expectDocumented(historySchema, stdout);
    const all = ['run-30.1', 'run-30', 'run-20', 'run-10'];
    expect(list.map(({ run }) => run)).toEqual(all);
    expect(lines.map((line) => (JSON.parse(line) as { run: string }).run)).toEqual(all);
  });

  it('of a host without runs says so and creates nothing', () => {
    const empty = mkdtempSync(join(tmpdir(), 'history-empty-'));
    try {
      const { exit, stdout } = runCli(['history', '--root', join(empty, 'sandbox')]);

      expect(exit).toBe(0);
      expect(stdout).toContain(`No run is recorded in ${join(empty, 'sandbox')}`);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});

describe('show', () => {
  it.each([
    ['run-20', '2 added'],
    ['run-1', '1 added'],
    ['run-30', '3 added'],
  ])('finds %s', (id, line) => {
    const { exit, stdout } = runCli(['show', id, '--root', root]);

    expect(stdout).toContain(line);
    expect(stdout).toContain('~ file[/etc/motd]  upstream: git changed it');
    expect(exit).toBe(0);
  });

  it('prints the report as JSON', () => {
    const report = JSON.parse(runCli(['show', 'run-30', '--root', root, '-o', 'json']).stdout) as object;

    expect(report).toMatchObject({ schema: 'reconcile.report/1', run: 'run-30' });
  });

  it('finds the latest', () => {
    expect(runCli(['show', 'latest', '--root', root]).stdout).toContain('of the same second');
  });

  it.each(['run-', 'nothing'])('refuses %s, which names no single run', (id) => {
    const { exit, stderr } = runCli(['show', id, '--root', root]);

    expect(exit).toBe(64);
    expect(stderr).toContain('reconcile history');
  });
});
