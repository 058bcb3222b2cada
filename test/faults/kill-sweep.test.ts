import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';

/** Every system call by which an apply changes a disk. */
const mutating = [
  'openat',
  'write',
  'pwrite64',
  'fsync',
  'fdatasync',
  'ftruncate',
  'rename',
  'renameat2',
  'link',
  'unlink',
  'rmdir',
  'mkdir',
  'symlink',
  'fchmod',
  'fchown',
  'lchown',
];
const hasStrace = spawnSync('strace', ['-V']).status === 0;
const isLong = process.env['LONG'] === '1';
/** Of each system call's occurrences every n-th is tried, with another start in each run of the suite. */
const stride = isLong ? 1 : 12;

const resources = [
  ...Array.from({ length: 12 }, (_, index) => `- { kind: file, path: /etc/f${index}, content: "new ${index}\\n", mode: "0640" }`),
  '- { kind: directory, path: /srv/data, mode: "0700" }',
  '- { kind: link, path: /etc/link, target: f1 }',
  '- { kind: file, path: /etc/old, ensure: absent }',
  '- { kind: tree, path: /srv/tree, source: overlay, purge: all }',
  '- { kind: file, path: /srv/data/inside, content: "x" }',
  '- { kind: file, path: /new/deep/file, content: "y" }',
  '- { kind: link, path: /etc/changed, target: f2 }',
  '- { kind: directory, path: /etc/f.d, mode: "0711" }',
].join('\n');

const sources = { 'desired-state/files/overlay/a': 'a\n', 'desired-state/files/overlay/b/c': 'c\n' };

it.skipIf(!hasStrace)(
  `kill -9 at ${isLong ? 'every' : 'sampled'} mutating system call: no torn file, and the next run converges`,
  { timeout: 3_600_000 },
  () => {
    using repository = makeRepository(resources, sources);
    const { path, root } = repository;
    mkdirSync(join(root, 'etc'));
    mkdirSync(join(root, 'srv/tree/foreign'), { recursive: true });
    for (let index = 0; index < 12; index += 2) writeFileSync(join(root, `etc/f${index}`), `old ${index}\n`);
    writeFileSync(join(root, 'etc/old'), 'goes\n');
    writeFileSync(join(root, 'srv/tree/foreign/x'), 'goes\n');
    symlinkSync('nowhere', join(root, 'etc/changed'));
    const original = `${root}.original`;
    cpSync(root, original, { recursive: true, verbatimSymlinks: true });
    const restore = () => {
      rmSync(root, { recursive: true });
      cpSync(original, root, { recursive: true, verbatimSymlinks: true });
    };
    const trace = `${root}.trace`;
    const traced = (call: string, inject: readonly string[]) =>
      spawnSync(
        'strace',
        [
          '-f',
          '-qq',
          '-o',
          trace,
          '-e',
          `trace=${call}`,
          ...inject,
          process.execPath,
          program,
          '--source',
          path,
          '--host',
          'box',
          '--root',
          root,
        ],
        {
          // One thread does all the calls: strace counts occurrences per thread.
          env: {
            PATH: process.env['PATH'] ?? '',
            HOME: '/nonexistent',
            UV_THREADPOOL_SIZE: '1',
            NODE_DISABLE_COMPILE_CACHE: '1',
          },
          encoding: 'utf8',
        },
      );
    const before = snapshot(root);
    expect(repository.run().exit).toBe(0);
    const goal = files(root);
    const versions = knownVersions(before, snapshot(root));
    let points = 0;
    let fired = 0;

    for (const call of mutating) {
      restore();
      traced(call, []);
      const lines = readFileSync(trace, 'utf8').split('\n');
      const byThread = new Map<string, number>();
      for (const line of lines)
        if (line.includes(` ${call}(`)) byThread.set(line.split(' ')[0] ?? '', (byThread.get(line.split(' ')[0] ?? '') ?? 0) + 1);
      const count = Math.max(0, ...byThread.values());
      const first = isLong ? 1 : 1 + (Date.now() % stride);
      for (let when = Math.min(first, count); when <= count && when > 0; when += stride) {
        restore();
        traced(call, ['-e', `inject=${call}:signal=KILL:when=${when}`]);
        points++;
        if (/killed by SIGKILL/.test(readFileSync(trace, 'utf8'))) fired++;
        const place = `${call} ${when}`;
        for (const [file, state] of files(root))
          if (!isDirectory(state)) expect(versions.get(file), `${place}: ${file} is old or new`).toContain(state);

        expect(repository.run().exit, `${place}: the next run`).toBe(0);
        expect(files(root), `${place}: converged`).toEqual(goal);
        expect(strays(root), `${place}: nothing staged is left`).toEqual([]);
        const after = snapshot(root);
        expect(repository.run().stdout, `${place}: the run after`).toContain('nothing to do');
        expect(snapshot(root)).toBe(after);
      }
    }
    console.log(`killed at ${fired} of ${points} points`);
    expect(fired / points).toBeGreaterThan(0.9);
  },
);

const isOurs = (path: string): boolean => path === '/var' || path.includes('.agent-');

/** Path and state of everything but the program's own. */
const files = (root: string): Map<string, string> =>
  new Map(
    (existsSync(root) ? snapshot(root, { ignore: isOurs }) : '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): [string, string] => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' '))]),
  );

/** Every state in which a path stood in one of the snapshots. */
function knownVersions(...snapshots: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const known = new Map<string, string[]>();
  for (const line of snapshots.flatMap((each) => each.split('\n'))) {
    const file = line.slice(0, line.indexOf(' '));
    known.set(file, [...(known.get(file) ?? []), line.slice(line.indexOf(' '))]);
  }
  return known;
}

/** Directories may be on their way to their mode; files and links never are. */
const isDirectory = (state: string): boolean => state.startsWith(' 40000 ');

const strays = (root: string): string[] =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => path.includes('.agent-'));
