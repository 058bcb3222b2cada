import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';
import { program, runCli, type CliResult } from '../support/run-cli.ts';
import { seeded } from '../support/seeded.ts';
import { snapshot } from '../support/snapshot.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Every system call by which a run changes a disk, as far as Node and SQLite use them. */
const mutating = `openat write writev pwrite64 pwritev fsync fdatasync ftruncate truncate fallocate
  rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir mkdir mkdirat
  chmod fchmod fchmodat chown fchown lchown fchownat utimensat copy_file_range sendfile`.split(/\s+/);

export const hasStrace = spawnSync('strace', ['-V']).status === 0;
/** `LONG=1` tries every point instead of a sample. */
export const isLong = process.env['LONG'] === '1';
/** Decides what is sampled: `SEED`, else another one each day. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Date.now() / 86_400_000));

/** A reproducible source of chance, other for each name: numbers from 0 to 1. */
export function chance(name: string): () => number {
  return seeded([...name].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193), seed ^ 0x811c9dc5));
}

/** So many of the items, one from each stretch of them, so that no part is left out; with `LONG=1` as many as there are, up to `most`. */
export function sample<T>(items: readonly T[], count: number, random: () => number, most = Infinity): readonly T[] {
  const taken = isLong ? most : count;
  if (items.length <= taken) return items;
  const width = items.length / taken;
  return Array.from({ length: taken }, (_, index) => items[Math.floor((index + random()) * width)]!);
}

/** One occurrence of a system call in a run. strace counts them by name and thread. */
export interface SystemCall {
  readonly name: string;
  readonly nth: number;
  /** Its arguments as strace shows them, descriptors with their paths. */
  readonly text: string;
}

interface Injected extends CliResult {
  readonly fired: boolean;
}

/** Path → type, mode, owner and content, of everything but the program's own; of databases their rows and tables. */
type Tree = ReadonlyMap<string, string>;

/** A repository with resources of every kind that a sandbox can have, a root that they change, and ways to disturb a run. */
export interface FaultRig extends Disposable {
  readonly root: string;
  readonly before: Tree;
  readonly goal: Tree;
  now(): Tree;
  /** Puts the root back as it was before the first run, or as a copy was. */
  restore(copy?: string): void;
  /** Keeps the root as it is now, its state included. */
  keep(): string;
  run(args?: readonly string[]): CliResult;
  /** Lets a quarantined revision be tried again. */
  release(): void;
  /** All calls of a run that could change a disk and that an injection can reach, in order. Runs it. */
  mutatingCalls(args?: readonly string[]): readonly SystemCall[];
  /** Runs with a fault in that call: `signal=KILL`, `error=ENOSPC`; with `+` in it and all that follow. */
  inject(call: SystemCall, fault: string, args?: readonly string[]): Injected;
  /** No file or link is anything but what it was or what it is to be. */
  expectWhole(place: string): void;
  /** One run reaches the goal and leaves nothing staged, and the one after it changes nothing. */
  expectConverges(place: string): void;
}

/** What an earlier run has applied, and what it left is in the way of now. */
const earlier = [
  '- { kind: tree, path: /srv/way, source: way }',
  '- { kind: file, path: /srv/to-directory, content: "goes", mode: "0600" }',
  '- { kind: directory, path: /srv/to-file, mode: "0750" }',
  '- { kind: file, path: /srv/to-file/inside, content: "goes" }',
].join('\n');

const earlierSources = { 'desired-state/files/way/a': 'a\n', 'desired-state/files/way/b/deep/c': 'c\n' };

const resources = [
  ...Array.from({ length: 8 }, (_, index) => `- { kind: file, path: /etc/f${index}, content: "new ${index}\\n", mode: "0640" }`),
  '- { kind: directory, path: /srv/data, mode: "0700" }',
  '- { kind: link, path: /etc/link, target: f1 }',
  '- { kind: file, path: /etc/old, ensure: absent }',
  '- { kind: tree, path: /srv/tree, source: overlay, purge: all }',
  '- { kind: file, path: /srv/data/inside, content: "x" }',
  '- { kind: file, path: /new/deep/file, content: "y" }',
  '- { kind: link, path: /etc/changed, target: f2 }',
  '- { kind: directory, path: /etc/f.d, mode: "0711" }',
  '- { kind: config, path: /etc/app.json, format: json, set: { answer: 42 } }',
  '- { kind: cron, name: nightly, schedule: "1 2 * * *", command: "true", user: root }',
  '- { kind: cron, name: hourly, schedule: "5 * * * *", command: "true", user: root, in: cron.d }',
  '- { kind: sqlite, path: /srv/old.db, schema: "CREATE TABLE t (a INTEGER); CREATE TABLE u (b TEXT);" }',
  '- { kind: sqlite, path: /srv/new.db, schema: "CREATE TABLE t (a INTEGER);" }',
  '- { kind: tree, path: /srv/way, source: now }',
  '- { kind: directory, path: /srv/to-directory, mode: "0710" }',
  '- { kind: file, path: /srv/to-directory/inside, content: "comes" }',
  '- { kind: file, path: /srv/to-file, content: "comes" }',
].join('\n');

const sources = {
  'desired-state/files/overlay/a': 'a\n',
  'desired-state/files/overlay/b/c': 'c\n',
  'desired-state/files/now/a/deep/in': 'in\n',
  'desired-state/files/now/b': 'b\n',
  'desired-state/policy.yaml': 'destroy: { max_delete_percent: 100 }\n',
};

function makeOriginal(root: string): void {
  for (const name of ['etc/f.d', 'srv/tree/foreign', 'var/spool/cron/crontabs', 'var/lib'])
    mkdirSync(join(root, name), { recursive: true });
  for (let index = 0; index < 8; index += 2) writeFileSync(join(root, `etc/f${index}`), `old ${index}\n`, { mode: 0o600 });
  writeFileSync(join(root, 'etc/old'), 'goes\n');
  writeFileSync(join(root, 'etc/app.json'), '{ "theirs": 1 }\n');
  writeFileSync(join(root, 'var/spool/cron/crontabs/root'), '0 0 * * * theirs\n', { mode: 0o600 });
  writeFileSync(join(root, 'srv/tree/foreign/x'), 'goes\n');
  symlinkSync('nowhere', join(root, 'etc/changed'));
  using database = new DatabaseSync(join(root, 'srv/old.db'));
  database.exec('CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)');
}

export function openFaultRig(): FaultRig {
  const repository = makeRepository(earlier, { ...sources, ...earlierSources });
  const copies = temporaryDirectory();
  const { root } = repository;
  const trace = join(copies.path, 'trace');
  let kept = 0;
  const keep = (): string => {
    const copy = join(copies.path, String(kept++));
    spawnSync('cp', ['-a', root, copy]);
    return copy;
  };
  makeOriginal(root);
  const prepared = repository.run();
  expect(prepared.exit, prepared.stdout + prepared.stderr).toBe(0);
  repository.write('desired-state/site.yaml', site(resources));
  const original = keep();
  const restore = (copy = original): void => {
    spawnSync('rm', ['-rf', root]);
    spawnSync('cp', ['-a', copy, root]);
  };
  const before = treeOf(root);
  const first = repository.run();
  expect(first.exit, first.stdout + first.stderr).toBe(0);
  const goal = treeOf(root);
  const traced = (options: readonly string[], args: readonly string[]): CliResult => {
    const place = args[0] === 'rollback' ? ['--root', root] : ['--source', repository.path, '--host', 'box', '--root', root];
    const argv = ['-f', '-y', '-qq', '-o', trace, ...options, process.execPath, program, ...args, ...place];
    // One thread beside the main one: strace counts by thread.
    const env = { HOME: '/nonexistent', UV_THREADPOOL_SIZE: '1', NODE_DISABLE_COMPILE_CACHE: '1' };
    const { status, stdout, stderr } = spawnSync('strace', argv, {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    return { exit: status, stdout, stderr };
  };
  const now = (): Tree => treeOf(root);
  return {
    root,
    before,
    goal,
    now,
    restore,
    keep,
    run: (args = []) => repository.run(args),
    release: () => void runCli(['release', '--root', root]),
    mutatingCalls(args = []) {
      const { exit, stderr } = traced(['-e', `trace=${mutating.join(',')}`], args);
      expect(exit, stderr).toBe(0);
      return reachable(readFileSync(trace, 'utf8')).filter(changesDisk);
    },
    inject({ name, nth }, fault, args = []) {
      const [what, rest] = fault.endsWith('+') ? [fault.slice(0, -1), '+'] : [fault, ''];
      const result = traced(['-e', `trace=${name}`, '-e', `inject=${name}:${what}:when=${nth}${rest}`], args);
      return { ...result, fired: hasFired(readFileSync(trace, 'utf8')) };
    },
    expectWhole(place) {
      for (const [path, state] of now()) {
        // Directories may be on their way to their mode, databases in a transaction.
        if (state.startsWith('40000 ') || path.includes('.db')) continue;
        expect([before.get(path), goal.get(path)], `${place}: ${path} is old or new`).toContain(state);
      }
    },
    expectConverges(place) {
      const { exit, stdout, stderr } = repository.run();
      expect(exit, `${place}: the next run: ${stdout}${stderr}`).toBe(0);
      expect(now(), `${place}: converged`).toEqual(goal);
      expect(strays(root), `${place}: nothing staged is left`).toEqual([]);
      const after = snapshot(root);
      expect(repository.run().stdout, `${place}: the run after`).toContain('nothing to do');
      const known = after.split('\n');
      expect(
        snapshot(root)
          .split('\n')
          .filter((line) => !known.includes(line)),
        `${place}: the run after changes nothing`,
      ).toEqual([]);
    },
    [Symbol.dispose]() {
      repository[Symbol.dispose]();
      copies[Symbol.dispose]();
    },
  };
}

/** How far behind another thread must be: what follows a fault may take it to the same number. */
const distance = 4;

/** Every call of the trace that is the first with its number among all threads, by far: strace can aim at no other. */
function reachable(text: string): SystemCall[] {
  const counts = new Map<string, Map<string, number>>();
  return [...text.matchAll(/^(\d+) +(\w+)\((.*)$/gm)].flatMap(([, thread = '', name = '', rest = '']) => {
    const ofName = counts.get(name) ?? new Map<string, number>();
    const nth = (ofName.get(thread) ?? 0) + 1;
    counts.set(name, ofName.set(thread, nth));
    const others = [...ofName].filter(([other]) => other !== thread).map(([, count]) => count);
    return others.some((count) => count > nth - distance) ? [] : [{ name, nth, text: rest }];
  });
}

/** Not where a thread was to be woken instead: Node ends when it cannot do that. */
const hasFired = (text: string): boolean =>
  text.includes('killed by SIGKILL') || /^\d+ +\w+\((?!\d+<anon_inode:\[eventfd\]).*\(INJECTED\)/m.test(text);

/** Not the opening of a file for reading, and not what goes to a terminal, a pipe or another thread. */
function changesDisk({ name, text }: SystemCall): boolean {
  if (name === 'openat') return text.includes('O_CREAT');
  return !/^\d+<(pipe|socket|anon_inode|\/dev\/)/.test(text);
}

const isOurs = (path: string): boolean => path === '/var/lib' || path.includes('.agent-') || path.endsWith('-journal');

function treeOf(root: string): Tree {
  const lines = existsSync(root) ? snapshot(root, { ignore: isOurs }).split('\n') : [];
  return new Map(
    lines
      .filter((line) => line !== '')
      .map((line): [string, string] => {
        const path = line.slice(0, line.indexOf(' '));
        const state = line.slice(path.length + 1);
        return [path, path.endsWith('.db') ? state.replace(/\S+$/, contentOfDatabase(root + path)) : state];
      }),
  );
}

/** A database whose transaction was cut short is read in a copy: reading it would repair it. */
function contentOfDatabase(file: string): string {
  using directory = temporaryDirectory();
  const copy = join(directory.path, 'copy.db');
  for (const end of ['', '-journal']) if (existsSync(file + end)) spawnSync('cp', [file + end, copy + end]);
  using database = new DatabaseSync(copy);
  const tables = database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
  return JSON.stringify(tables.map(({ name, sql }) => [sql, database.prepare(`SELECT * FROM "${String(name)}"`).all()]));
}

/** The state's own transactions are SQLite's business. */
const strays = (root: string): string[] =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => path.includes('.agent-') || (path.endsWith('-journal') && !path.startsWith('var/lib/')));
