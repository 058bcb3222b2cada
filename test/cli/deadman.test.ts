import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { deadmanStatusSchema } from '../../src/report/answer-schemas.ts';
import { expectDocumented } from '../support/documented.ts';

describe('reconcile deadman', () => {
  it.each([
    [['deadman', 'check', '../../etc/shadow'], 64, "'../../etc/shadow' is no name of an agent"],
    [['deadman', 'check', '--settings', ''], 64, '--settings needs a value'],
    [['deadman', 'status', 'nobody-has-this-agent'], 65, 'does not exist'],
    [['deadman', 'bite'], 64, 'deadman'],
  ])('%j is refused', (args, exit, message) => {
    const result = runCli(args);
    expect(result).toMatchObject({ exit, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it('shows what it knows as JSON', () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'ezra.json');
    const places = { state_dir: directory.path, runtime_dir: directory.path, snapshot_dir: directory.path };
    const settings = {
      schema: 'reconcile.deadman/1',
      agent: 'ezra',
      config: [],
      limits: { check_interval: 300_000, failures: 3, max_restarts: 3 },
      ...places,
    };
    writeFileSync(file, JSON.stringify(settings));

    const { exit, stdout } = runCli(['deadman', 'status', '--settings', file, '-o', 'json']);

    expect(exit).toBe(1);
    expectDocumented(deadmanStatusSchema, stdout);
    expect(JSON.parse(stdout)).toMatchObject({ agent: 'ezra', condition: 'unwatched', deadmanActive: false, lastGood: null });
  });
});
