import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository, type Repository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

/** Filesystems by the first eight bytes of what statfs(2) gives. */
const filesystems = { ext: '53ef000000000000', fuse: '4655736500000000' };
const hasStrace = spawnSync('strace', ['-V']).status === 0;
const staged = /\.agent-[0-9a-f]{16}/;

interface Call {
  readonly name: string;
  /** Arguments and result as strace shows them, descriptors with their paths. */
  readonly text: string;
}

// Where another test has just left much to write, what it is about is not even tried.
const again = { retry: 3 };

describe.skipIf(!hasStrace)('a group of many files (needs strace)', () => {
  it('is on the disk before the first has its name, and the names are before the run goes on', again, () => {
    using repository = overlay(100);
    execFileSync('sync');

    const calls = converge(repository);

    const syncs = positions(calls, ({ name }) => name === 'syncfs');
    const writes = positions(calls, ({ name, text }) => name === 'write' && staged.test(text));
    const renames = positions(calls, ({ name, text }) => name === 'rename' && staged.test(text));
    const record = positions(calls, ({ name, text }) => name === 'pwrite64' && text.includes('state.db>')).at(-1)!;
    expect([writes.length, renames.length, syncs.length]).toEqual([100, 100, 2]);
    expect([writes.at(-1)! < syncs[0]!, syncs[0]! < renames[0]!]).toEqual([true, true]);
    expect([renames.at(-1)! < syncs[1]!, syncs[1]! < record]).toEqual([true, true]);
    expect(filesSynced(calls)).toBe(0);
  });

  it.each(['error=EIO', 'signal=KILL'])('is synced file by file where that of its filesystem fails (%s)', again, (fault) => {
    using repository = overlay(100);
    execFileSync('sync');

    const calls = converge(repository, { fault });

    expect(calls.some(({ name }) => name === 'syncfs')).toBe(true);
    expect(filesSynced(calls)).toBe(100);
    expect(readFileSync(join(repository.root, 'srv/overlay/99/file'), 'utf8')).toBe('99\n');
  });

  it('is synced file by file on a filesystem that may keep the call to itself', () => {
    using repository = overlay(100);
    execFileSync('sync');

    expect(filesSynced(converge(repository, { on: 'fuse' }))).toBe(100);
  });

  it('is synced file by file where others have left much to write', ({ skip }) => {
    using repository = overlay(100);
    writeFileSync(join(repository.path, 'of-others'), Buffer.alloc(192 * 1024 * 1024));
    const dirty = Number(/^Dirty: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
    if (dirty < 96 * 1024) skip('this machine writes to its disk at once');

    expect(filesSynced(converge(repository))).toBe(100);
  });

  it('is synced file by file where they are few', () => {
    using repository = overlay(3);

    const calls = converge(repository);

    expect(calls.some(({ name }) => name === 'syncfs')).toBe(false);
    expect(filesSynced(calls)).toBe(3);
  });
});

const overlay = (count: number): Repository =>
  makeRepository(
    '- { kind: tree, path: /srv/overlay, source: overlay }',
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`desired-state/files/overlay/${index}/file`, `${index}\n`])),
  );

interface Circumstances {
  /** What the targets are made to stand on. */
  readonly on?: keyof typeof filesystems;
  /** What syncfs is made to do, as strace takes it. */
  readonly fault?: string;
}

function converge({ path, root }: Repository, { on = 'ext', fault }: Circumstances = {}): readonly Call[] {
  const log = join(path, 'trace');
  const injected = [`statfs:poke_exit=@arg2=${filesystems[on]}`, ...(fault ? [`syncfs:${fault}`] : [])];
  const options = injected.flatMap((what) => ['-e', `inject=${what}`]);
  const traced = ['-f', '-qq', '-y', '-e', 'trace=write,pwrite64,fsync,syncfs,statfs,rename', ...options, '-o', log];
  const command = [process.execPath, program, '--source', path, '--host', 'box', '--root', root];
  const { status, stderr } = spawnSync('strace', [...traced, ...command], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, text] = /^\d+ +(\w+)\((.*)$/.exec(line) ?? [];
      return name === undefined || text === undefined ? [] : [{ name, text }];
    });
}

const positions = (calls: readonly Call[], isMeant: (call: Call) => boolean): readonly number[] =>
  calls.flatMap((call, index) => (isMeant(call) ? [index] : []));

const filesSynced = (calls: readonly Call[]): number =>
  calls.filter(({ name, text }) => name === 'fsync' && staged.test(text)).length;
