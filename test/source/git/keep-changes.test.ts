import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { treeBounds } from '../../../src/source/tree-bounds.ts';
import { openFollowRig, textOf, type FollowRig } from './follow-rig.ts';

const site = 'desired-state/site.yaml';
const file = (number: number): string => `roles/a/files/${String(number).padStart(2, '0')}`;

/** What git says of the commit, in the form of what is kept. */
function treeOf(rig: FollowRig): readonly object[] {
  const listed = rig.git('ls-tree', '-r', '-z', 'HEAD', '--', 'desired-state', 'roles').split('\0').filter(Boolean);
  return listed.map((line) => ({
    path: line.slice(line.indexOf('\t') + 1),
    executable: line.startsWith('100755'),
    text: rig.git('show', line.split(/[ \t]/)[2]!),
  }));
}

it('what is kept of a commit is its tree, whatever was added, edited, moved, removed or made executable since the one before', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'first', ...Object.fromEntries(Array.from({ length: 40 }, (_, number) => [file(number), `${number}\n`])) });
  await rig.look();
  const steps: readonly (() => Readonly<Record<string, string>>)[] = [
    () => ({ [file(3)]: 'edited', 'roles/b/files/new': 'new', 'roles/a/files/0': 'before the others' }),
    () => (rmSync(join(rig.path, 'clone', file(7))), { [site]: 'second' }),
    () => (rig.git('mv', 'roles/a/files/12', 'roles/c'), {}),
    () => (chmodSync(join(rig.path, 'clone', file(20)), 0o755), {}),
    () => (rmSync(join(rig.path, 'clone', file(21))), { [`${file(21)}/deeper`]: 'a directory now' }),
    // Twice the same content, one of them in another segment.
    () => ({ [file(30)]: '31\n' }),
    () => (rig.git('mv', 'roles/c', 'roles/a/files/zz'), { [file(3)]: 'edited again', 'docs/no': 'configuration' }),
    () => (rmSync(join(rig.path, 'clone/roles'), { recursive: true }), { 'roles/d/files/only': 'only' }),
  ];
  for (const step of steps) {
    const commit = rig.push(step());

    const { source, ...look } = await rig.look();

    expect(look).toMatchObject({ state: 'fetched', commit });
    const { files } = source!.open();
    const kept = ['desired-state', 'roles'].flatMap((directory) => files.list(directory));
    expect(kept.map(({ path, executable }) => ({ path, executable, text: files.read(path)!.toString().trim() }))).toEqual(
      treeOf(rig),
    );
  }
});

it('a commit that is the next but one, or merges what was beside it, is on top of what was applied', async () => {
  using rig = openFollowRig();
  const accept = async () => rig.open().accept((await rig.look()).commit!);
  rig.push({ [site]: 'one', [file(1)]: 'one' });
  await accept();
  rig.commit({ [file(2)]: 'two' });
  rig.push({ [file(3)]: 'three' });
  expect(await rig.look()).toMatchObject({ state: 'fetched' });
  await accept();
  rig.git('checkout', '--quiet', '-b', 'beside', 'HEAD~2');
  rig.commit({ [file(4)]: 'four' });
  rig.git('checkout', '--quiet', '-');
  rig.git('merge', '--quiet', '--no-ff', '--message', 'merge', 'beside');
  rig.git('push', '--quiet', 'origin', 'HEAD:main');

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'fetched', commit: rig.git('rev-parse', 'HEAD') });
  expect([1, 2, 3, 4].map((number) => textOf(look, file(number)))).toEqual(['one', 'two', 'three', 'four']);
});

it('a file that has grown beyond what is read is refused with its path, and nothing of it is kept', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'good', [file(1)]: 'small' });
  await rig.open().accept((await rig.look()).commit!);
  const before = readdirSync(join(rig.stateDirectory, 'revisions'));
  rig.git('config', 'core.compression', '1');
  rig.push({ [file(1)]: 'x'.repeat(treeBounds.largestFile + 1) });

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'refused', problem: { code: 'too-large', at: { file: file(1) } } });
  expect(textOf(look)).toBe('good');
  expect(readdirSync(join(rig.stateDirectory, 'revisions'))).toEqual(before);
}, 60_000);

it('what the mirror has lost of the revision before does not keep the next one from being kept', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'one' });
  await rig.look();
  rmSync(join(rig.stateDirectory, 'mirror'), { recursive: true });
  rig.git('checkout', '--quiet', '--orphan', 'other');
  rig.commit({ [site]: 'two' });
  rig.git('push', '--quiet', '--force', 'origin', 'HEAD:main');

  expect(textOf(await rig.look())).toBe('two');
});
