import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { link } from '../../src/resources/types/link.ts';
import { theLaws } from '../support/laws.ts';

theLaws(link, [
  { name: 'creates a link', attributes: { path: '/etc/localtime', target: '/usr/share/zoneinfo/UTC' } },
  {
    name: 'changes the target',
    attributes: { path: '/etc/l', target: 'new' },
    given: (root) => symlinkSync('old', join(root, 'etc/l')),
  },
  {
    name: 'removes a link',
    attributes: { path: '/etc/l', ensure: 'absent' },
    given: (root) => symlinkSync('old', join(root, 'etc/l')),
  },
]);
