import { lchownSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { file } from '../../src/resources/types/file.ts';
import { link } from '../../src/resources/types/link.ts';
import { tree } from '../../src/resources/types/tree.ts';
import { theLaws } from '../support/laws.ts';
import { openRig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const isRoot = process.geteuid?.() === 0;

/** Nobody else can give a link away. */
const ofOthers =
  (path: string) =>
  (root: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    symlinkSync('old', join(root, path));
    if (isRoot) lchownSync(join(root, path), 1000, 1001);
  };
const given = ofOthers('etc/l');

theLaws(link, [
  { name: 'creates a link', attributes: { path: '/etc/localtime', target: '/usr/share/zoneinfo/UTC' } },
  { name: 'changes the target', attributes: { path: '/etc/l', target: 'new' }, given },
  { name: 'removes a link', attributes: { path: '/etc/l', ensure: 'absent' }, given },
]);

theLaws(file, [{ name: 'replaces a link of others', attributes: { path: '/etc/l', content: 'x' }, given }]);

theLaws(tree, [
  {
    name: 'purges a link of others',
    attributes: { path: '/srv/tree', source: 'tree', purge: 'all' },
    sources: { 'tree/a': 'a' },
    given: ofOthers('srv/tree/l'),
  },
]);

it('a link with a new target keeps the owner that nobody asked to change', async ({ skip }) => {
  if (!isRoot) skip('only root can give a link away');
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [link]);
  given(rig.root);

  await rig.apply([rig.resource(link, { path: '/etc/l', target: 'new' })]);

  const { uid, gid } = lstatSync(join(rig.root, 'etc/l'));
  expect([uid, gid]).toEqual([1000, 1001]);
});
