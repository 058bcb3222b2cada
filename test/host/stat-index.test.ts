import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { decodeStatIndex, digestOfNames, recordStatIndex } from '../../src/host/stat-index.ts';
import { sha256 } from '../../src/model/json.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Longer than the youngest age that is trusted. */
const settled = () => sleep(25);
const digest = () => sha256('one');

it.each([
  { act: 'nothing', change: () => undefined, isUnchanged: true },
  { act: 'an edit of the same size that restores mtime', change: (file: string) => editKeepingTimes(file), isUnchanged: false },
  { act: 'a chmod', change: (file: string) => chmodSync(file, 0o600), isUnchanged: false },
  { act: 'a removal', change: (file: string) => rmSync(file), isUnchanged: false },
  { act: 'a replacement by rename', change: (file: string) => replace(file), isUnchanged: false },
])('$act: unchanged is $isUnchanged', async ({ change, isUnchanged }) => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'file');
  writeFileSync(file, 'one');
  await settled();
  const index = recordStatIndex(['/file'], (path) => directory.path + path, digest);
  const decoded = decodeStatIndex(index.encode(), (path) => directory.path + path);

  change(file);

  expect(decoded.isUnchanged()).toBe(isUnchanged);
  expect(decoded.digest('/file')).toBe(isUnchanged ? sha256('one') : undefined);
});

it('a file that was written just now is never trusted', () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, 'file'), 'one');

  const index = recordStatIndex(['/file'], (path) => directory.path + path, digest);

  expect(index.isUnchanged()).toBe(false);
});

it('an absent path counts as long as it stays absent', () => {
  using directory = temporaryDirectory();
  const index = recordStatIndex(['/file'], (path) => directory.path + path, digest);

  expect(index.isUnchanged()).toBe(true);
  writeFileSync(join(directory.path, 'file'), '');
  expect(index.isUnchanged()).toBe(false);
});

it('a directory counts by identity, and with a trailing slash by its names too', async () => {
  using directory = temporaryDirectory();
  mkdirSync(join(directory.path, 'd'));
  await settled();
  const shallow = recordStatIndex(['/d'], (path) => directory.path + path, digest);
  const deep = recordStatIndex(['/d/'], (path) => directory.path + path, digest);

  writeFileSync(join(directory.path, 'd/new'), '');

  expect(shallow.isUnchanged()).toBe(true);
  expect(deep.isUnchanged()).toBe(false);
});

it('bytes that are cut short are no index', async () => {
  using directory = temporaryDirectory();
  const bytes = recordStatIndex(['/a', '/b'], (path) => directory.path + path, digest).encode();

  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeStatIndex(bytes.subarray(0, length), (path) => path)).toThrow();
});

function editKeepingTimes(file: string): void {
  const { atime, mtime } = statSync(file);
  writeFileSync(file, 'two');
  utimesSync(file, atime, mtime);
}

function replace(file: string): void {
  writeFileSync(`${file}.new`, 'one');
  renameSync(`${file}.new`, file);
}

it('answers for the paths that it has, as lstat would, and is compared with another one', async () => {
  using directory = temporaryDirectory();
  const locate = (path: string): string => directory.path + path;
  const make = (...paths: string[]) => recordStatIndex(paths, locate, digest);
  writeFileSync(locate('/file'), 'twelve bytes', { mode: 0o640 });
  mkdirSync(locate('/d'), { mode: 0o750 });
  symlinkSync('file', locate('/link'));
  linkSync(locate('/file'), locate('/second'));
  await settled();
  const [uid, gid] = [process.geteuid!(), process.getegid!()];
  const before = make('/file', '/d', '/link', '/none');

  expect(before.stat('/file')).toEqual({ type: 'file', size: 12, mode: 0o640, uid, gid, links: 2 });
  expect(before.stat('/d')).toEqual({ type: 'directory', size: 0, mode: 0o750, uid, gid, links: 0 });
  expect(before.stat('/link')).toMatchObject({ type: 'link', size: 4 });
  expect([before.stat('/none'), before.stat('/second')]).toEqual([null, undefined]);
  expect([before.digest('/file', make('/file')), before.digest('/file', make('/d'))]).toEqual([digest(), digest()]);
  chmodSync(locate('/file'), 0o600);
  await settled();
  expect([before.digest('/file', make('/file')), before.digest('/file', make('/d'))]).toEqual([undefined, undefined]);
  expect([before.digest('/file', before), before.digest('/second', before)]).toEqual([digest(), undefined]);
});

const unreadable = (): never => {
  throw new Error('EIO');
};

it.each([
  { what: 'all is as it was recorded', host: {}, isIntact: true },
  { what: 'a file has other bytes', host: { digest: () => sha256('two') }, isIntact: false },
  { what: 'a link leads elsewhere', host: { readLink: () => 'elsewhere' }, isIntact: false },
  { what: 'a directory has another name in it', host: { list: () => ['a', 'b', 'c'] }, isIntact: false },
  { what: 'a file has gone', host: { digest: () => undefined }, isIntact: false },
  { what: 'a file cannot be read', host: { digest: unreadable }, isIntact: false },
  { what: 'a link cannot be read', host: { readLink: unreadable }, isIntact: false },
])('where $what, intact is $isIntact', async ({ host, isIntact }) => {
  const index = await indexOfAll();

  expect(index.isIntact({ ...told, ...host })).toBe(isIntact);
});

it('what was not recorded, or could not be looked at, is not intact', async () => {
  const tooLong = `/${'x'.repeat(300)}`;
  const [unrecorded, unknown] = [await indexOfAll({ hasDigests: false }), await indexOfAll({ more: [tooLong] })];

  expect([unrecorded.isIntact(told), unknown.isIntact(told)]).toEqual([false, false]);
});

const told = { digest, readLink: () => 'target', list: () => ['a', 'b'] };

/** Of a file, a link, a directory with its names, one without, and nothing. */
async function indexOfAll({ hasDigests = true, more = [] as readonly string[] } = {}) {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, 'file'), 'one');
  symlinkSync('target', join(directory.path, 'link'));
  mkdirSync(join(directory.path, 'directory'));
  await settled();
  const digests: Record<string, string> = {
    '/file': digest(),
    '/link': digestOfNames(['target']),
    '/directory/': digestOfNames(['a', 'b']),
  };
  const paths = [...Object.keys(digests), '/directory', '/none', ...more];
  return recordStatIndex(
    paths,
    (path) => directory.path + path,
    (path) => (hasDigests ? digests[path] : undefined),
  );
}
