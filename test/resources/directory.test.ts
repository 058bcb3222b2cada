import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { directory } from '../../src/resources/types/directory.ts';
import { theLaws } from '../support/laws.ts';

theLaws(directory, [
  { name: 'creates a directory', attributes: { path: '/srv/data', mode: '0700' } },
  { name: 'changes the mode', attributes: { path: '/etc/x', mode: '0750' }, given: (root) => mkdirSync(join(root, 'etc/x')) },
  {
    name: 'removes an empty directory',
    attributes: { path: '/etc/x', ensure: 'absent' },
    given: (root) => mkdirSync(join(root, 'etc/x')),
  },
]);
