import { describe, expect, it } from 'vitest';
import { stateDirectory } from '../../src/state/state-directory.ts';
import { openState } from '../../src/state/state.ts';
import { failedRun, goodRun } from '../notify/notify-rig.ts';
import { stepWith } from '../report/report-fixture.ts';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { digestSchema } from '../../src/report/answer-schemas.ts';
import { expectDocumented } from '../support/documented.ts';

const hour = 60 * 60_000;
const ago = (hours: number): string => new Date(Date.now() - hours * hour).toISOString();

function recordNight(root: string): void {
  using state = openState(stateDirectory(root));
  state.runs.put(failedRun('b', { startedAt: ago(30), run: 'yesterday' }));
  state.runs.put(failedRun('c', { startedAt: ago(3), run: 'night' }));
  state.runs.put(goodRun('d', { startedAt: ago(2), run: 'fixed', steps: [stepWith({ outcome: 'changed' })] }));
}

describe('digest', () => {
  it('sums up the last day, or as much as asked for', () => {
    using root = temporaryDirectory();
    recordNight(root.path);
    const day = runCli(['digest', '--root', root.path]);
    const more = runCli(['digest', '--root', root.path, '--since', '48h']);

    expect([day.exit, more.exit]).toEqual([0, 0]);
    expect(day.stdout).toContain('\n2 runs, 1 failed\n');
    expect(day.stdout).toContain('file[/etc/motd]: disk full (reconcile show night)\n');
    expect(day.stdout).not.toContain('yesterday');
    expect(more.stdout).toContain('\n3 runs, 2 failed\n');
  });

  it('is JSON when asked', () => {
    using root = temporaryDirectory();
    recordNight(root.path);
    const { stdout } = runCli(['digest', '--root', root.path, '-o', 'json']);
    expectDocumented(digestSchema, stdout);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'reconcile.digest/1',
      host: 'allegro',
      runs: { total: 2, failed: 1 },
      failures: [{ run: 'night', outcome: 'rolledBack' }],
      changes: [{ run: 'fixed', addresses: ['file[/etc/motd]'] }],
      now: null,
    });
  });

  it('of a host without runs says so', () => {
    using root = temporaryDirectory();
    expect(runCli(['digest', '--root', root.path])).toMatchObject({ exit: 0, stdout: expect.stringContaining('No run changed') });
  });

  it.each(['soon', '0h', '24'])('refuses --since %s', (since) => {
    expect(runCli(['digest', '--since', since])).toMatchObject({
      exit: 64,
      stderr: expect.stringContaining('such as 24h or 7d'),
    });
  });
});
