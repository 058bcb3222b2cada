import { chmodSync, existsSync, linkSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { followWorkingTree } from '../../src/agent/follow-working-tree.ts';
import { rollBackRuns } from '../../src/operations/roll-back-runs.ts';
import { reconcile } from '../../src/reconcile.ts';
import { takeLock } from '../../src/state/lock.ts';
import { stateDirectory, stateFile } from '../../src/state/state-directory.ts';
import { makeLiveRepository } from '../support/live-repository.ts';
import { makeRepository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { openVisitRig } from './visit-rig.ts';

const { signal } = new AbortController();

it('the whole id of a run names it, also where later ones of the same second begin with it', async () => {
  const motd = (text: string): string => `- { kind: file, path: /motd, content: "${text}\\n" }`;
  using repository = makeRepository(motd('one'));
  const { path, root } = repository;
  const first = '20260101T000000Z-00abcd';
  for (const [text, run] of [
    ['one', '20260101T000000Z-00abcc'],
    ['two', first],
    ['three', `${first}.1`],
  ] as const) {
    repository.write(
      'desired-state/site.yaml',
      readFileSync(join(path, 'desired-state/site.yaml'), 'utf8').replace(/content: "\w+/, `content: "${text}`),
    );
    const { source } = await followWorkingTree(path).look(signal);
    const request = { action: 'converge', host: 'box', root, source: source!, tags: [], paranoid: false, run } as const;
    expect(await reconcile(request, () => undefined, signal)).toMatchObject({ outcome: 'converged', run });
  }

  const report = await rollBackRuns({ run: first, root, stateDirectory: stateDirectory(root) }, () => undefined);

  expect(report).toMatchObject({ action: 'rollback', outcome: 'converged' });
  expect(readFileSync(join(root, 'motd'), 'utf8')).toBe('one\n');
});

it('a file that has got a second name since gets its mode back, and the other name keeps what it has', () => {
  using repository = makeRepository('- { kind: file, path: /motd, content: "x\\n", mode: "0600" }');
  const { root } = repository;
  const [motd, backup] = [join(root, 'motd'), join(root, 'backup')];
  writeFileSync(motd, 'x\n');
  chmodSync(motd, 0o644);
  expect(repository.run().exit).toBe(0);
  linkSync(motd, backup);

  const { exit, stdout, stderr } = repository.cli('rollback', '--root', root);

  expect(exit, stdout + stderr).toBe(0);
  expect([motd, backup].map((path) => statSync(path).mode & 0o777)).toEqual([0o644, 0o600]);
  expect(readFileSync(motd, 'utf8')).toBe('x\n');
});

it('a run that was killed in the middle is taken back like any other', () => {
  const motd = (text: string): string => `- { kind: file, path: "{{ base }}/motd", content: ${text} }\n`;
  using live = makeLiveRepository(motd('one'));
  expect(live.run().exit).toBe(0);
  live.resources(
    `${motd('two')}- { kind: command, name: die, argv: [sh, -c, "kill -9 $PPID"], creates: /never, after: ["file[{{ base }}/motd]"] }\n`,
  );
  expect(live.run().exit).toBeNull();
  const text = (): string => readFileSync(join(live.base, 'motd'), 'utf8');
  expect(text()).toBe('two');

  const preview = live.cli(['rollback', '--check']);
  const { exit, stdout, stderr } = live.cli(['rollback']);

  expect(preview.stdout, preview.stderr).toMatch(/would be taken back: \d resource/);
  expect(exit, stdout + stderr).toBe(0);
  expect(text()).toBe('one');
});

it('a state that cannot be opened keeps no other run away', async () => {
  using directory = temporaryDirectory();
  const state = join(directory.path, 'state');
  takeLock(state)?.release();
  writeFileSync(stateFile(state), 'no database');

  await expect(rollBackRuns({ run: undefined, root: directory.path, stateDirectory: state }, () => undefined)).rejects.toThrow(
    'state.db cannot be used',
  );

  const next = takeLock(state);
  expect(next).toBeDefined();
  next?.release();
});

it('is told also where its report cannot be kept', async () => {
  using repository = makeRepository('- { kind: file, path: /motd, content: "x\\n" }');
  const { root } = repository;
  expect(repository.run().exit).toBe(0);
  const state = stateDirectory(root);
  {
    using database = new DatabaseSync(stateFile(state));
    database.exec("CREATE TRIGGER no_room BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no room'); END");
  }

  const report = await rollBackRuns({ run: 'latest', root, stateDirectory: state }, () => undefined);

  expect(report).toMatchObject({ outcome: 'converged', summary: expect.stringMatching(/taken back.*cannot be kept: .*no room/) });
  expect(existsSync(join(root, 'motd'))).toBe(false);
});

it('what is taken back for one revision leaves another one that was applied since', async () => {
  using host = openVisitRig();
  const commits = [host.commit('one'), host.commit('two')] as const;
  const runs: string[] = [];
  for (const commit of commits) {
    const { last } = await host.visit('converge', commit);
    if (last.type === 'finished') runs.push(last.run);
  }
  const takeBack = (at: 0 | 1) =>
    rollBackRuns({ run: runs[at], revision: commits[at], root: undefined, stateDirectory: host.state }, () => undefined);

  const refused = `${commits[1].slice(0, 12)} was applied there since, and stays`;
  expect(await takeBack(0)).toEqual({ refused, exit: 'refused' });
  expect(host.motd()).toBe('two');
  expect(await takeBack(1)).toMatchObject({ outcome: 'converged' });
  expect(host.motd()).toBe('one');
});
