import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tree } from '../../src/resources/types/tree.ts';
import { theLaws } from '../support/laws.ts';

const overlay = { path: '/srv/overlay', source: 'overlay' };
const sources = { 'overlay/a.txt': 'a\n', 'overlay/bin/run.sh': '#!/bin/sh\n', 'overlay/deep/er/b.txt': 'b\n' };

theLaws(tree, [
  { name: 'creates an overlay', attributes: overlay, sources },
  {
    name: 'repairs edits, losses and modes, and leaves foreign files',
    attributes: overlay,
    before: overlay,
    sources,
    given: (root) => {
      writeFileSync(join(root, 'srv/overlay/a.txt'), 'edited\n');
      rmSync(join(root, 'srv/overlay/bin'), { recursive: true });
      writeFileSync(join(root, 'srv/overlay/foreign'), 'mine\n');
    },
  },
  {
    name: 'removes what left git',
    attributes: overlay,
    before: overlay,
    beforeSources: { ...sources, 'overlay/gone/x': 'x', 'overlay/y': 'y' },
    sources,
  },
  {
    name: 'removes foreign files with purge: all',
    attributes: { ...overlay, purge: 'all' },
    before: overlay,
    sources,
    given: (root) => {
      mkdirSync(join(root, 'srv/overlay/theirs/deep'), { recursive: true });
      writeFileSync(join(root, 'srv/overlay/theirs/deep/x'), 'x');
    },
  },
  {
    name: 'takes what include names and leaves what exclude names',
    attributes: { ...overlay, include: ['**/*.txt'], exclude: ['deep/**'] },
    sources,
  },
  { name: 'sets modes by glob', attributes: { ...overlay, mode: '0600', modes: { 'bin/*': '0700' }, dir_mode: '0700' }, sources },
]);
