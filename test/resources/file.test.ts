import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { file } from '../../src/resources/types/file.ts';
import { theLaws } from '../support/laws.ts';

const motd = { path: '/etc/motd', content: 'hello\n' };

theLaws(file, [
  { name: 'creates a file', attributes: motd },
  { name: 'creates missing parents', attributes: { path: '/srv/a/b/c', content: 'x' } },
  { name: 'replaces content', attributes: motd, given: (root) => writeFileSync(join(root, 'etc/motd'), 'old\n') },
  {
    name: 'changes only the mode',
    attributes: { ...motd, mode: '0600' },
    given: (root) => {
      writeFileSync(join(root, 'etc/motd'), 'hello\n');
      chmodSync(join(root, 'etc/motd'), 0o644);
    },
  },
  {
    name: 'replaces a link by a file and leaves its target',
    attributes: motd,
    given: (root) => symlinkSync('/etc/passwd', join(root, 'etc/motd')),
  },
  {
    name: 'removes a file',
    attributes: { path: '/etc/motd', ensure: 'absent' },
    given: (root) => writeFileSync(join(root, 'etc/motd'), 'old\n'),
  },
  {
    name: 'seeds once',
    attributes: { ...motd, create_only: true },
    given: (root) => writeFileSync(join(root, 'etc/motd'), 'mine\n'),
  },
  { name: 'copies a source', attributes: { path: '/etc/motd', source: 'motd' }, sources: { motd: 'from a file\n' } },
  {
    name: 'heals a mode that somebody opened',
    attributes: motd,
    before: motd,
    given: (root) => {
      mkdirSync(join(root, 'etc'), { recursive: true });
      chmodSync(join(root, 'etc/motd'), 0o666);
    },
  },
]);
