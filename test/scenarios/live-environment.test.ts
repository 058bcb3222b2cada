import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';
import { program } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';

/** Something of every kind that does not need root. */
const resources = `
- { kind: directory, path: "{{ base }}/d" }
- { kind: file, path: "{{ base }}/d/deep/er/ünï", content: "grüße, 世界\\n" }
- { kind: link, path: "{{ base }}/l", target: d }
- { kind: tree, path: "{{ base }}/t", source: overlay }
- { kind: config, path: "{{ base }}/c.yaml", set: { a: "ä", when: "2026-11-20" } }
- { kind: sqlite, path: "{{ base }}/s.db", schema: "CREATE TABLE t (x)" }
- { kind: command, name: sees, argv: [sh, -c, "env | grep -v ^PWD= | sort > env; umask > umask; cat > input; date -d @0 +%H > hour"], cwd: "{{ base }}", creates: "{{ base }}/hour" }
`;
const overlay = { 'desired-state/files/overlay/bin/run': '#!/bin/sh\n', 'desired-state/files/overlay/a b': 'x' };

/** What stands on the host, whatever the temporary directory is called. The database has random bytes in its header. */
const seen = ({ base }: LiveRepository): string => snapshot(base, { ignore: (path) => path === '/s.db' });

const reference = (() => {
  using live = makeLiveRepository(resources, overlay);
  const { exit, stdout } = live.run();
  return {
    exit,
    tree: seen(live),
    shape: stdout
      .replaceAll(/[\d.]+ m?s\b/g, '')
      .replaceAll(live.base, '')
      .replaceAll(/\d/g, ''),
  };
})();

interface Circumstance {
  readonly title: string;
  /** Read by sh; `"$@"` is the program with its arguments. */
  readonly line?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly exit?: number;
  readonly stderr?: string;
  readonly output?: 'none' | 'first line' | 'coloured';
}

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('skipped: files that their owner may not open need root');
const circumstances: readonly Circumstance[] = [
  { title: 'umask 000', line: 'umask 000; "$@"' },
  ...(isRoot ? [{ title: 'umask 777', line: 'umask 777; "$@"' }] : []),
  { title: 'no PATH, no HOME', line: 'unset PATH HOME; "$@"' },
  {
    title: 'an empty PATH, a HOME that does not exist, LANG=C',
    env: { PATH: '', HOME: '/nonexistent/x', LANG: 'C', LC_ALL: 'C' },
  },
  { title: 'an empty HOME, an odd TZ, a Turkish locale', env: { HOME: '', TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8' } },
  { title: 'a narrow, dumb terminal, NO_COLOR', env: { TERM: 'dumb', COLUMNS: '1', LINES: '1', NO_COLOR: '1', TZ: ':/none' } },
  { title: 'FORCE_COLOR', env: { FORCE_COLOR: '1' }, output: 'coloured' },
  { title: 'a working directory that was deleted', line: 'mkdir "$HOME/gone"; cd "$HOME/gone"; rmdir "$HOME/gone"; "$@"' },
  { title: 'standard output closed', line: '"$@" >&-', output: 'none' },
  { title: 'standard error closed', line: '"$@" 2>&-' },
  { title: 'no stream at all', line: '"$@" <&- >&- 2>&-', output: 'none' },
  {
    title: 'a full disk behind standard output',
    line: '"$@" > /dev/full',
    output: 'none',
    exit: 1,
    stderr: 'reconcile: the output cannot be written: ENOSPC: no space left on device, write\n',
  },
  {
    title: 'a reader that goes away',
    line: '{ "$@"; echo $? > "$HOME/code"; } | head -1; exit $(cat "$HOME/code")',
    output: 'first line',
  },
  { title: 'few file descriptors, SIGPIPE and SIGHUP ignored', line: 'ulimit -n 40; trap "" PIPE HUP; "$@"' },
];

it.each(circumstances)(
  '$title: the same bytes on the host, and the same report',
  ({ line = '"$@"', env, exit = 0, stderr: said = '', output }) => {
    using live = makeLiveRepository(resources, overlay);
    const converge = (...more: readonly string[]) =>
      spawnSync('/bin/sh', ['-c', line, 'sh', process.execPath, program, '--source', live.path, '--host', 'box', ...more], {
        cwd: '/',
        env: { PATH: process.env['PATH'], ...live.env, ...env },
        encoding: 'utf8',
        timeout: 60_000,
      });

    const { status, stdout, stderr } = converge();

    expect([stderr, status]).toEqual([said, exit]);
    expect(seen(live)).toBe(reference.tree);
    const shape = stdout
      .replaceAll(/[\d.]+ m?s\b/g, '')
      .replaceAll(live.base, '')
      .replaceAll(/\d/g, '');
    if (output === undefined) expect(shape).toBe(reference.shape);
    if (output === 'none') expect(stdout).toBe('');
    if (output === 'coloured') expect(stdout).toContain('\x1b[32m');
    if (output === 'first line') expect(shape).toBe('box at working tree\n');

    const again = converge('--check');
    expect([again.stderr, again.status]).toEqual([said, exit]);
    if (output === undefined) expect(again.stdout).toContain('nothing to do');
  },
);

it('the reference is a run that did something', () => {
  expect(reference.exit).toBe(0);
  expect(reference.tree.split('\n')).toHaveLength(14);
});

it.each([['plan', '-o', 'p.json'], ['inventory', '--list'], ['--check']])(
  '%s in a working directory that was deleted says so in a line',
  (...args) => {
    using live = makeLiveRepository(resources, overlay);
    const gone = join(dirname(live.path), 'gone');
    mkdirSync(gone);

    const { status, stderr } = spawnSync('/bin/sh', ['-c', 'rmdir "$PWD"; "$@"', 'sh', process.execPath, program, ...args], {
      cwd: gone,
      env: { PATH: process.env['PATH'], ...live.env },
      encoding: 'utf8',
    });

    expect(status).toBe(64);
    expect(stderr).toMatch(/^reconcile: .*\n(hint: .*\n)?$/);
    expect(stderr).toContain('the current directory does not exist any more');
    rmSync(gone, { recursive: true, force: true });
  },
);
