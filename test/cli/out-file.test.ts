import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requireOutFile, writeOutFile } from '../../src/cli/out-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it.each([
  ['/dev/null', 'is no regular file'],
  ['/dev/stdout', 'is a link'],
  ['fifo', 'is no regular file'],
  ['link', 'is a link'],
  ['dangling', 'is a link'],
  ['.', 'is a directory'],
  ['none/plan', 'no such directory'],
  ['plan/x', 'cannot be written'],
  ['x'.repeat(256), 'cannot be written'],
])('%s is refused: %s', (name, message) => {
  using directory = temporaryDirectory();
  const at = (path: string): string => join(directory.path, path);
  writeFileSync(at('plan'), 'old');
  symlinkSync('plan', at('link'));
  symlinkSync('nowhere', at('dangling'));
  spawnSync('mkfifo', [at('fifo')]);

  expect(() => requireOutFile(name.startsWith('/') ? name : at(name))).toThrow(message);
});

it('replaces a file by one that only its owner may read, and leaves nothing beside it', () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'plan');
  writeFileSync(file, 'old', { mode: 0o644 });
  requireOutFile(file);

  writeOutFile(file, 'new');

  expect([readFileSync(file, 'utf8'), lstatSync(file).mode & 0o777]).toEqual(['new', 0o600]);
  expect(readdirSync(directory.path)).toEqual(['plan']);
});

it('leaves nothing beside what cannot be replaced', () => {
  using directory = temporaryDirectory();
  mkdirSync(join(directory.path, 'plan', 'x'), { recursive: true });

  expect(() => writeOutFile(join(directory.path, 'plan'), 'new')).toThrow('cannot be written');

  expect(readdirSync(directory.path)).toEqual(['plan']);
});
