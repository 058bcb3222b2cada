import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository, type Repository } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';

const resources = '- { kind: file, path: /etc/motd, source: motd }';
const motd = 'desired-state/files/motd';
const words = 'with uncommitted changes';

/** What is told of the last run. */
const tellings = ({ root, run }: Repository): readonly string[] => [
  runCli(['history', '--limit', '1', '--root', root]).stdout,
  runCli(['show', 'latest', '--root', root]).stdout,
  run(['explain', '/etc/motd']).stdout,
];

it('what no commit has is said of a run, and where the run is told of later', () => {
  using repository = makeRepository(resources, { [motd]: 'one\n' });
  repository.commit('one');
  const head = execFileSync('git', ['rev-parse', '--short=8', 'HEAD'], { cwd: repository.path, encoding: 'utf8' }).trim();

  expect(repository.run(['--check']).stdout).toContain(`box at ${head} (working tree)\n`);
  repository.write(motd, 'two\n');
  expect(repository.run().stdout).toContain(`box at ${head} ${words}\n`);
  for (const line of tellings(repository)) expect(line).toMatch(new RegExp(`${head}\\b.* ${words}`));
  repository.commit('two');
  repository.write(motd, 'three\n');
  repository.commit('three');
  repository.run();

  expect(tellings(repository).join()).not.toMatch(new RegExp(`${words}|working tree`));
});

it('a file that git does not know yet is one, what it ignores and what stands outside of the configuration is none', () => {
  using repository = makeRepository(resources, { [motd]: 'one\n', '.gitignore': '*.swp\n' });
  repository.commit('one');
  repository.write('notes.txt', 'no configuration');
  repository.write('desired-state/files/motd.swp', 'of an editor');

  expect(repository.report().revision).not.toHaveProperty('uncommitted');
  repository.write('desired-state/files/new', '');
  writeFileSync(join(repository.root, 'etc/motd'), 'drifted\n');
  expect(repository.report().revision).toHaveProperty('uncommitted', true);
});

it('a check and a run with nothing to do start no git, and one for which git fails says nothing of it', () => {
  using repository = makeRepository(resources, { [motd]: 'one\n' });
  repository.commit('one');
  repository.run();
  repository.write(motd, 'two\n');
  repository.run();
  repository.write('roles/none/role.yaml', 'summary: Moves the sources.\nresources: []\n');
  repository.write('../bin/git', '#!/bin/sh\n: > "${0%/*}/asked"\nexit 1\n');
  const bin = join(repository.path, '../bin');
  chmodSync(join(bin, 'git'), 0o755);

  expect(repository.report([], { PATH: bin })).toMatchObject({ outcome: 'converged', steps: [] });
  repository.write(motd, 'three\n');
  expect(repository.report(['--check'], { PATH: bin })).toMatchObject({ outcome: 'upstreamPending' });
  expect(existsSync(join(bin, 'asked'))).toBe(false);
  expect(repository.report([], { PATH: bin }).revision).not.toHaveProperty('uncommitted');
  expect(existsSync(join(bin, 'asked'))).toBe(true);
});

it('events name the commit and that the working tree counts, also where nothing is to do', () => {
  using repository = makeRepository(resources, { [motd]: 'one\n' });
  repository.commit('one');

  for (const time of ['applied', 'converged', 'converged again'])
    expect(JSON.parse(repository.run(['-o', 'ndjson']).stdout.split('\n')[0]!), time).toMatchObject({
      type: 'run-started',
      workingTree: true,
    });
});
