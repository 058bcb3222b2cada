import { appendFileSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { digestOf } from '../../src/model/json.ts';
import { makeLiveRepository } from '../support/live-repository.ts';

/** Fails, or ends the whole program, after its file was written. */
const failing = (content: string, how = 'exit 3'): string => `
- { kind: file, path: "{{ base }}/motd", content: ${content}, notify: "command[told]" }
- { kind: command, name: told, refresh_only: true, argv: [sh, -c, "grep -q good {{ base }}/motd || ${how}"] }`;
const refused = { exit: 7, problems: [{ code: 'quarantined' }] };

it('what failed is not tried again because files were touched or the host was named', () => {
  using live = makeLiveRepository(failing('good'), {}, 'host: box\n');
  expect(live.report()).toMatchObject({ exit: 0 });
  live.resources(failing('bad'));
  expect(live.report()).toMatchObject({ exit: 6 });
  const tried = readFileSync(join(live.base, 'motd'), 'utf8');

  const policy = live.env['RECONCILE_HOST_POLICY']!;
  for (const file of [policy, join(live.path, 'desired-state/site.yaml')]) {
    utimesSync(file, 1, 1);
    expect(live.report(), file).toMatchObject(refused);
  }
  appendFileSync(policy, '# nothing that matters\n');
  expect(live.report()).toMatchObject(refused);
  const unnamed = live.cli(['--source', live.path, '-o', 'json']);
  expect(JSON.parse(unnamed.stdout)).toMatchObject(refused);
  expect(readFileSync(join(live.base, 'motd'), 'utf8')).toBe(tried);
});

it('what failed before the program was upgraded is not tried again by the new one', () => {
  using live = makeLiveRepository(failing('good'));
  live.run();
  const state = live.env['RECONCILE_STATE_DIR']!;
  const [stamp = ''] = readFileSync(join(state, 'converged'), 'latin1').split('\n', 1);
  const { environment } = JSON.parse(stamp) as { readonly environment: string };
  live.resources(failing('bad'));
  const { exit, revision } = live.report();
  expect(exit).toBe(6);
  {
    using database = new DatabaseSync(join(state, 'state.db'));
    const key = digestOf({ sources: revision.key, environment });
    expect(database.prepare('UPDATE quarantine SET key = ?').run(key).changes).toBe(1);
  }

  expect(live.report()).toMatchObject(refused);
});

it('what failed is not tried again either after another configuration was applied, unless it is released', () => {
  using live = makeLiveRepository(failing('good'));
  live.run();
  live.resources(failing('bad'));
  expect(live.report()).toMatchObject({ exit: 6 });
  live.resources(failing('good-too'));
  expect(live.report()).toMatchObject({ exit: 0 });
  live.resources(failing('bad'));

  expect(live.report()).toMatchObject(refused);

  expect(live.cli(['release']).stdout).toContain('1 revision is released');
  expect(live.report()).toMatchObject({ exit: 6 });
});

it('a revision whose runs are killed is given up after three of them in a row', () => {
  using live = makeLiveRepository(failing('good'));
  live.run();
  const bad = failing('bad', 'kill -9 $PPID');
  const killed = (): void => {
    expect(live.run().exit).toBeNull();
    expect(readFileSync(join(live.base, 'motd'), 'utf8')).toBe('bad');
  };
  live.resources(bad);
  killed();
  killed();
  live.resources(failing('good'));
  expect(live.report()).toMatchObject({ exit: 0 });
  live.resources(bad);
  killed();
  killed();
  killed();

  const report = live.report();

  expect(report).toMatchObject(refused);
  expect(report.problems[0]?.message).toMatch(/3 runs in a row were killed/);
  expect(readFileSync(join(live.base, 'motd'), 'utf8')).toBe('good');
  expect(live.report()).toMatchObject(refused);
  live.cli(['release']);
  killed();
  live.resources(failing('good'));
  expect(live.report()).toMatchObject({ exit: 0 });
});
