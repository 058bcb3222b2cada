import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readNow, termFrom } from '../../src/host/term.ts';
import type { Report } from '../../src/model/report.ts';
import { takeBackUnconfirmed } from '../../src/operations/take-back-unconfirmed.ts';
import { openState } from '../../src/state/state.ts';
import { writeUnconfirmed } from '../../src/state/unconfirmed.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';

/** Ends the whole program while it waits for this command, as a power cut would; once for each `die`. */
const dieIf = (name: string): string => `if [ -e ${name} ]; then rm ${name}; kill -9 $PPID; exit; fi`;

/** A program that is told of its configuration, which it copies, and a health check of it. */
const role = (content: string, isHealthy: boolean): string => `
summary: A file, who reads it, and whether that works.
resources:
  - { kind: file, path: "{{ base }}/app.conf", content: "${content}\\n", notify: "command[reload]" }
  - kind: command
    name: reload
    refresh_only: true
    cwd: "{{ base }}"
    argv: [sh, -c, 'grep -q v1 app.conf && ${dieIf('die-of-v1')}; cp app.conf running']
health:
  - command: { argv: [sh, -c, 'cd {{ base }}; ${dieIf('die')}; ${isHealthy ? 'true' : 'false'}'], within: ${isHealthy ? '20s' : '100ms'} }
`;

function openProgram() {
  const live = makeLiveRepository('');
  live.write('desired-state/site.yaml', 'assignments:\n  - hosts: all\n    roles: [app]\n');
  const wants = (content: string, isHealthy = true): void => live.write('roles/app/role.yaml', role(content, isHealthy));
  wants('v1');
  expect(live.report()).toMatchObject({ exit: 0 });
  expect(reads(live)).toEqual(['v1', 'v1']);
  /** Applies it, and dies when the program has been told and its health is asked. */
  const dieOf = (content: string): void => {
    wants(content);
    live.put('die', '');
    expect(live.run().exit).toBeNull();
  };
  return { live, wants, dieOf };
}

/** What is configured, and what the program has seen of it. */
const reads = ({ base }: LiveRepository): readonly string[] =>
  ['app.conf', 'running'].map((name) => readFileSync(join(base, name), 'utf8').trim());

it('kill -9 after a refresh was done: the next run tells who was told of the change that it is gone', () => {
  const { live, wants, dieOf } = openProgram();
  using _ = live;
  dieOf('v2');
  expect(reads(live)).toEqual(['v2', 'v2']);
  wants('v1');

  expect(live.report()).toMatchObject({ exit: 0 });

  expect(reads(live)).toEqual(['v1', 'v1']);
  expect(live.run().stdout).toContain('nothing to do');
});

it('kill -9 after a refresh was done, and nobody confirms: who was told of the change is told that it is gone', async () => {
  const { live, dieOf } = openProgram();
  using _ = live;
  dieOf('v2');
  const state = live.env['RECONCILE_STATE_DIR']!;
  const { run } = openState(state, { readOnly: true })!.journal.open()!;
  writeUnconfirmed(state, { run, by: 'remote', because: ['file[a]'], health: [], ...termFrom(readNow(), 0) });

  expect((await takeBackUnconfirmed(state, () => undefined)) as Report).toMatchObject({ exit: 6, action: 'rollback' });

  expect(reads(live)).toEqual(['v1', 'v1']);
});

it('kill -9 while a failed run tells that its change is gone: the next run tells it, and the revision is in quarantine', () => {
  const { live, wants } = openProgram();
  using _ = live;
  wants('v2', false);
  live.put('die-of-v1', '');
  expect(live.run().exit).toBeNull();
  expect(existsSync(join(live.base, 'die-of-v1'))).toBe(false);
  expect(reads(live)).toEqual(['v1', 'v2']);

  expect(live.report()).toMatchObject({ exit: 7, problems: [{ code: 'quarantined' }] });

  expect(reads(live)).toEqual(['v1', 'v1']);
});

it('kill -9, and a configuration that is invalid by then: what was changed is put back all the same, and told', () => {
  const { live, dieOf } = openProgram();
  using _ = live;
  dieOf('v2');
  live.write('roles/app/role.yaml', 'sumary: x\n');

  const report = live.report();

  expect(report).toMatchObject({ exit: 65, outcome: 'invalid', recovered: [`file[${join(live.base, 'app.conf')}]`] });
  expect(report.refreshes).toEqual([{ name: 'command[reload]', ok: true, message: 'after the rollback' }]);
  expect(reads(live)).toEqual(['v1', 'v1']);
});

it('kill -9, an invalid configuration, and a program that cannot be told: the report says so, and the next run tries again', () => {
  const { live, dieOf } = openProgram();
  using _ = live;
  dieOf('v2');
  live.write('roles/app/role.yaml', 'sumary: x\n');
  rmSync(join(live.base, 'running'));
  mkdirSync(join(live.base, 'running/app.conf'), { recursive: true });

  const { refreshes } = live.report();

  expect(refreshes).toMatchObject([{ name: 'command[reload]', ok: false }]);
  expect(refreshes[0]?.message).toMatch(/^refresh after the rollback failed: /);
  rmSync(join(live.base, 'running'), { recursive: true });
  expect(live.report().refreshes).toMatchObject([{ name: 'command[reload]', ok: true }]);
  expect(reads(live)).toEqual(['v1', 'v1']);
});
