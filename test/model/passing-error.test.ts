import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { PathError } from '../../src/host/path-error.ts';
import { isPassing, makeFailure } from '../../src/model/passing-error.ts';

const systemError = (code: string): Error => Object.assign(new Error(`${code}: it is so, write`), { code });

it.each(['ENOSPC', 'Unknown system error -122', 'UNKNOWN', 'EMFILE', 'EIO', 'EROFS'])('%s is no fault of a revision', (code) => {
  expect(isPassing(systemError(code))).toBe(true);
  expect(isPassing(new PathError('/etc/motd', systemError(code)))).toBe(true);
});

it.each(['ENOENT', 'EACCES', 'EISDIR'])('%s may be one', (code) => {
  expect(isPassing(systemError(code))).toBe(false);
});

it('what a removal has no name for is none', () => {
  const error = Object.assign(new Error(", Unknown error: Input/output error '/a'"), { errno: -4094, code: '', syscall: 'rm' });

  expect(isPassing(error)).toBe(true);
});

it('what ends badly may be one, unless it says otherwise', () => {
  expect(isPassing(makeFailure('exit 1', false))).toBe(false);
  expect(isPassing(makeFailure('the network is down', true))).toBe(true);
});

it('a database that somebody has is none, a statement that it does not take may be one', () => {
  using database = new DatabaseSync(':memory:');
  const told = (message: string, errcode: number) => Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });
  let refused: unknown;
  try {
    database.exec('CREATE TABLE');
  } catch (error) {
    refused = error;
  }

  expect(isPassing(told('database is locked', 261))).toBe(true);
  expect(isPassing(told('attempt to write a readonly database', 8))).toBe(true);
  expect(refused).toBeInstanceOf(Error);
  expect(isPassing(refused)).toBe(false);
});

it('a quota has words, and how a file was reached has none', () => {
  const said = (name: string): string => `Unknown system error -122: Unknown system error -122, open '${name}'`;
  const told = ['/proc/self/fd/24/motd', '/sandbox/etc/motd', '/etc/issue'].map(
    (name) => new PathError('/etc/motd', new Error(said(name))).message,
  );

  expect(told).toEqual([
    '/etc/motd: EDQUOT: quota exceeded, open',
    '/etc/motd: EDQUOT: quota exceeded, open',
    "/etc/motd: EDQUOT: quota exceeded, open '/etc/issue'",
  ]);
});

it('what attributes of a file forbid, to root as well, is told with who tells them', () => {
  const said = "EPERM: operation not permitted, rename '/proc/self/fd/24/.staged' -> '/proc/self/fd/24/motd'";

  expect(new PathError('/etc/motd', new Error(said)).message).toBe(
    '/etc/motd: EPERM: operation not permitted, rename (lsattr tells whether it or its directory is immutable or append-only)',
  );
});
