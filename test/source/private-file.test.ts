import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readPrivateFile } from '../../src/source/private-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const isRoot = process.getuid?.() === 0;

function read(prepare: (file: string) => void, options = {}): string {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'secret');
  writeFileSync(file, 'known to one', { mode: 0o600 });
  prepare(file);
  const found = readPrivateFile(file, 'token file', options);
  return 'refused' in found ? found.refused.replace(file, 'F') : found.bytes.toString();
}
const mode = (bits: number) => (file: string) => chmodSync(file, bits);

it.each([
  ['its own', () => undefined, 'known to one'],
  ['one that others may read', mode(0o640), 'the token file F can be read by others'],
  ['one that others may write', mode(0o620), 'the token file F can be written by others'],
  ['one that is not there', (file: string) => spawnSync('rm', [file]), 'the token file F does not exist'],
  ['a directory', (file: string) => (spawnSync('rm', [file]), mkdirSync(file)), 'the token file F is not a small regular file'],
  [
    'a fifo',
    (file: string) => (spawnSync('rm', [file]), spawnSync('mkfifo', ['-m', '600', file])),
    'the token file F is not a small regular file',
  ],
  [
    'one that is too large',
    (file: string) => writeFileSync(file, 'x'.repeat(70_000)),
    'the token file F is not a small regular file',
  ],
])('a user may use %s: %#', (_title, prepare, expected) => {
  expect(read(prepare)).toBe(expected);
});

it('what only decides about trust may be read by others, not written', () => {
  expect(read(mode(0o644), { mayBeRead: true })).toBe('known to one');
  expect(read(mode(0o664), { mayBeRead: true })).toContain('can be written by others');
});

it.skipIf(!isRoot)('a file of another user is refused', () => {
  expect(read((file) => chownSync(file, 4711, 4711))).toContain('belongs to another user');
});
