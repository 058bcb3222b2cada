import { existsSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { blameLine } from '../../src/source/blame-line.ts';
import { readCommitInfo } from '../../src/source/commit-info.ts';
import { lastCommit } from '../../src/source/last-commit.ts';
import { openWorkingTree } from '../../src/source/working-tree.ts';
import { openFollowRig } from './git/follow-rig.ts';

const site = 'desired-state/site.yaml';

it('git is asked for author and time when they are, and not before', () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });
  const path = process.env['PATH'];
  try {
    process.env['PATH'] = '/nonexistent';
    const info = readCommitInfo(openWorkingTree(`${rig.path}/clone`));

    expect(info.id).toBe(commit);
    expect(info.short).toBe(commit.slice(0, 12));
    expect(() => info.author).toThrow(/^git does not say who made [0-9a-f]{12}, and when: .*ENOENT/);
    process.env['PATH'] = path;
    expect(info.author).not.toBe('');
    expect(Date.parse(info.time)).toBeGreaterThan(0);
  } finally {
    process.env['PATH'] = path;
  }
});

it('asking who wrote a file leaves the index of the working tree as it is', async () => {
  using rig = openFollowRig();
  const commit = rig.commit({ 'desired-state/site.yaml': 'one' });
  const index = `${rig.path}/clone/.git/index`;
  utimesSync(`${rig.path}/clone/desired-state/site.yaml`, 1, 1);
  const before = statSync(index).ino;

  expect(await lastCommit(openWorkingTree(`${rig.path}/clone`), 'desired-state/site.yaml')).toMatchObject({ id: commit });
  expect(statSync(index).ino).toBe(before);
});

it('a linked worktree is at its own commit, and what is no commit is none', () => {
  using rig = openFollowRig();
  rig.commit({ 'desired-state/site.yaml': 'one' });
  rig.git('worktree', 'add', '--quiet', '-b', 'beside', `${rig.path}/beside`);
  const beside = rig.git('-C', `${rig.path}/beside`, 'commit-tree', '-p', 'HEAD', '-m', 'two', 'HEAD^{tree}');
  rig.git('update-ref', 'refs/heads/beside', beside);

  expect(openWorkingTree(`${rig.path}/beside`)).toMatchObject({ commit: beside, branch: 'beside' });
  rig.git('pack-refs', '--all');
  expect(openWorkingTree(`${rig.path}/beside`)).toMatchObject({ commit: beside, branch: 'beside' });
  writeFileSync(`${rig.path}/clone/.git/HEAD`, 'ref: refs/heads/../../description\n');
  expect(openWorkingTree(`${rig.path}/clone`)).toMatchObject({ commit: null });
});

it('a branch that does not hold the name of a commit has none', () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'one' });
  const written = join(rig.path, 'written');
  for (const text of [`--output=${written}`, '', 'ref: refs/heads/other']) {
    writeFileSync(join(rig.path, 'clone/.git/refs/heads/main'), `${text}\n`);
    const revision = openWorkingTree(`${rig.path}/clone`);

    expect(revision, text).toMatchObject({ commit: null, branch: 'main' });
    expect(readCommitInfo(revision).author, text).toBe('');
  }
  expect(existsSync(written)).toBe(false);
});

it('no program that a repository names in its configuration is run', async () => {
  using rig = openFollowRig();
  const ran = (name: string): string => join(rig.path, name);
  const program = (name: string): string => `touch ${ran(name)}; cat`;
  rig.push({ [site]: 'a: 1\n', '.gitattributes': '*.yaml diff=odd filter=odd\n' });
  const unsigned = rig.git('cat-file', 'commit', 'HEAD');
  const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n xx\n -----END PGP SIGNATURE-----';
  writeFileSync(join(rig.path, 'commit'), `${unsigned.replace('\n\n', `\n${signature}\n\n`)}\n`);
  const signed = rig.git('hash-object', '-t', 'commit', '-w', join(rig.path, 'commit'));
  rig.git('update-ref', 'HEAD', signed);
  writeFileSync(ran('gpg'), `#!/bin/sh\n${program('ran-gpg')}\n`, { mode: 0o755 });
  for (const [name, value] of [
    ['log.showSignature', 'true'],
    ['gpg.program', ran('gpg')],
    ['diff.odd.textconv', program('ran-textconv')],
    ['filter.odd.clean', program('ran-clean')],
    ['filter.odd.required', 'true'],
  ] as const)
    rig.git('config', name, value);
  // Of the same size, so that git has to read it.
  writeFileSync(join(rig.path, 'clone', site), 'a: 1\n');
  const revision = openWorkingTree(`${rig.path}/clone`);

  expect(readCommitInfo(revision).author).toBe('Ada');
  expect(await blameLine(revision, site, 1)).toMatchObject({ id: signed, author: 'Ada' });
  expect(await lastCommit(revision, site)).toMatchObject({ id: signed, author: 'Ada' });
  expect(['ran-gpg', 'ran-textconv', 'ran-clean'].filter((name) => existsSync(ran(name)))).toEqual([]);
});

it('what a repository lacks is not fetched by a program that it names', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'a: 1\n' });
  const ran = join(rig.path, 'ran');
  const missing = commit.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  for (const [name, value] of [
    ['remote.origin.promisor', 'true'],
    ['remote.origin.url', `ext::touch ${ran}`],
    ['protocol.ext.allow', 'always'],
    ['extensions.partialClone', 'origin'],
    ['core.repositoryFormatVersion', '1'],
  ] as const)
    rig.git('config', name, value);
  writeFileSync(join(rig.path, 'clone/.git/refs/heads/main'), `${missing}\n`);
  const revision = openWorkingTree(`${rig.path}/clone`);

  expect(() => readCommitInfo(revision).author).toThrow('git does not say who made');
  expect(await blameLine(revision, site, 1)).toBeNull();
  expect(await lastCommit(revision, site)).toBeNull();
  expect(existsSync(ran)).toBe(false);
});

it('a commit whose time is none is told of without blame', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'a: 1\n' });
  const odd = rig.git('cat-file', 'commit', 'HEAD').replace(/\d+ [+-]\d{4}$/gm, '99999999999999999 +0000');
  writeFileSync(join(rig.path, 'commit'), `${odd}\n`);
  rig.git('update-ref', 'HEAD', rig.git('hash-object', '--literally', '-t', 'commit', '-w', join(rig.path, 'commit')));

  expect(await blameLine(openWorkingTree(`${rig.path}/clone`), site, 1)).toBeNull();
});
