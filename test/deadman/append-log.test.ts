import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { appendLog } from '../../src/deadman/append-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

afterEach(() => vi.restoreAllMocks());

/** A directory in which everybody may put what they like, and a file that is not the log's. */
function open() {
  const directory = temporaryDirectory();
  const log = join(directory.path, 'logs/of/deadman.log');
  const theirs = join(directory.path, 'theirs');
  writeFileSync(theirs, 'theirs\n');
  const said: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => String(text) === '' || said.push(String(text)) > 0);
  return { log, theirs, said, [Symbol.dispose]: () => directory[Symbol.dispose]() };
}

it('makes its directories, and keeps one old log', () => {
  using place = open();
  appendLog(place.log, 'one\n');
  appendLog(place.log, 'two\n');
  expect(readFileSync(place.log, 'utf8')).toBe('one\ntwo\n');

  writeFileSync(place.log, 'x'.repeat(1024 * 1024 + 1));
  appendLog(place.log, 'three\n');
  expect(readFileSync(place.log, 'utf8')).toBe('three\n');
  expect(readFileSync(`${place.log}.1`).length).toBe(1024 * 1024 + 1);
  expect(place.said).toEqual([]);
});

it.each([
  ['a link', (log: string, theirs: string) => symlinkSync(theirs, log), /ELOOP/],
  ['another name of a file', (log: string, theirs: string) => linkSync(theirs, log), /not a regular file with one name/],
  ['a fifo', (log: string) => void execFileSync('mkfifo', [log]), /ENXIO/],
])('writes through nothing that others have put in its place: %s', (_what, put, why) => {
  using place = open();
  mkdirSync(join(place.log, '..'), { recursive: true });
  put(place.log, place.theirs);

  appendLog(place.log, 'ours\n');

  expect(readFileSync(place.theirs, 'utf8')).toBe('theirs\n');
  expect(place.said).toEqual([expect.stringMatching(why)]);
});

it('goes into no directory through a link that others can have put there', () => {
  using place = open();
  const directory = join(place.log, '../../..');
  mkdirSync(join(directory, 'elsewhere'));
  execFileSync('chmod', ['0777', directory]);
  symlinkSync(join(directory, 'elsewhere'), join(directory, 'logs'));

  appendLog(place.log, 'ours\n');

  expect(execFileSync('find', [join(directory, 'elsewhere'), '-mindepth', '1'], { encoding: 'utf8' })).toBe('');
  expect(place.said).toEqual([expect.stringMatching(/logs is a symbolic link or not a directory/)]);
});
