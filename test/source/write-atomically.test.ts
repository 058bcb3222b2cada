import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replaceFile, writeAtomically } from '../../src/source/write-atomically.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

it('gives a new file its mode whatever the umask, and leaves an old one its own', () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'a');
  const before = process.umask(0o077);
  try {
    writeAtomically(file, 'one', 0o644);
    expect(modeOf(file)).toBe('644');
    chmodSync(file, 0o640);
    writeAtomically(file, 'two', 0o600);
  } finally {
    process.umask(before);
  }

  expect([modeOf(file), readFileSync(file, 'utf8')]).toEqual(['640', 'two']);
  expect(readdirSync(directory.path)).toEqual(['a']);
});

it('leaves nothing beside a file that cannot be replaced', () => {
  using directory = temporaryDirectory();

  expect(() => writeAtomically(join(directory.path, 'none', 'a'), 'x', 0o644)).toThrow('ENOENT');
  mkdirSync(join(directory.path, 'd'));
  expect(() => writeAtomically(join(directory.path, 'd'), 'x', 0o644)).toThrow('EISDIR');
  expect(readdirSync(directory.path)).toEqual(['d']);
});

it.skipIf(!existsSync('/proc/self/fd'))('leaves no file open that cannot be written', () => {
  using directory = temporaryDirectory();
  const owner = { uid: -2, gid: 0 };

  expect(() => replaceFile(join(directory.path, 'a'), 'x', { mode: 0o644, owner })).toThrow('out of range');

  const open = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return '';
    }
  });
  expect(open.filter((path) => path.startsWith(directory.path))).toEqual([]);
});
