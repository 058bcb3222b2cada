import { expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';

const file = (text: string): string => `- { kind: file, path: /etc/motd, content: "${text}\\n" }\n`;
const rollback = ({ root }: Repository, ...args: readonly string[]) => runCli(['rollback', '--root', root, ...args]);

it('rollback --check says what would be taken back, and writes nothing', () => {
  using repository = makeRepository(file('one'));
  const first = repository.report();
  repository.write('desired-state/site.yaml', site(`${file('two')}- { kind: directory, path: /srv/new }\n`));
  repository.report();
  const before = snapshot(repository.root);

  const text = rollback(repository, '--check');
  const all = JSON.parse(rollback(repository, '--check', first.run, '-o', 'json').stdout) as Report;

  expect(text.exit).toBe(2);
  expect(text.stdout).toContain('~ file[/etc/motd]  to be taken back');
  expect(text.stdout).toMatch(/ @@ -1,1 \+1,1 @@\n +-two\n +\+one\n/);
  expect(text.stdout).toContain('- directory[/srv/new]  to be taken back');
  expect(text.stdout).toMatch(/Run \S+ would be taken back: 2 resources; nothing was written/);
  expect(all).toMatchObject({ action: 'rollback', outcome: 'upstreamPending', writes: 0, counts: { resources: 2 } });
  expect(all.summary).toContain(`2 runs, back to ${first.run}, would be taken back`);
  expect(all.steps.map(({ address, action, outcome }) => `${action} ${address} ${outcome}`)).toEqual([
    'update file[/etc/motd] pending',
    'remove directory[/srv/new] pending',
    'remove file[/etc/motd] pending',
  ]);
  expect(snapshot(repository.root)).toBe(before);
  expect(rollback(repository, '--check', 'no-such-run')).toMatchObject({ exit: 64 });

  expect(rollback(repository, '--check', 'no-such-run').stderr).toContain("no run begins with 'no-such-run'");
  expect(rollback(repository, '--check', first.run.slice(0, 2)).stderr).toContain(
    "2 runs that could be taken back begin with '20'",
  );
  const last = JSON.parse(rollback(repository, '-o', 'json').stdout) as Report;
  const [gone] = last.takenBack!;
  expect(rollback(repository, '--check', gone!).stderr).toContain(`no run is taken back: run ${gone} was taken back already`);
  expect(rollback(repository, last.run).stderr).toContain(`no run is taken back: run ${last.run} has nothing that could be`);
  expect(rollback(repository, '--check').stdout).toContain(
    `Run ${first.run} would be taken back: 1 resource; nothing was written`,
  );
});
