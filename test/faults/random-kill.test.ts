import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { program, runCli } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { chance, isLong, seed } from './fault-rig.ts';

const rounds = isLong ? 200 : 8;
const fleet = new URL('../..', import.meta.url).pathname;

it('the bundled host survives kill -9 and SIGTERM at any time', { timeout: 3_600_000 }, async () => {
  using directory = temporaryDirectory();
  const root = join(directory.path, 'root');
  const args = ['--source', fleet, '--host', 'allegro', '--root', root];
  const managed = (): string => snapshot(root, { ignore: (path) => path === '/var/lib/timmy-reconciler' });
  mkdirSync(root);
  const started = performance.now();
  const first = runCli(args);
  const duration = performance.now() - started;
  expect(first.exit, first.stdout + first.stderr).toBe(0);
  const goal = managed();
  const random = chance('random-kill');
  const ends: Record<string, number> = {};

  for (let round = 0; round < rounds; round++) {
    rmSync(root, { recursive: true });
    mkdirSync(root);
    const signal = random() < 0.5 ? 'SIGKILL' : 'SIGTERM';
    const after = random() * duration;
    const place = `${signal} after ${Math.round(after)} of ${Math.round(duration)} ms, seed ${seed}, round ${round}`;
    const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill(signal), after);
    const [exit, by] = (await once(child, 'exit')) as [number | null, string | null];
    clearTimeout(timer);
    const end = by ?? `exit ${exit}`;
    ends[end] = (ends[end] ?? 0) + 1;
    // 1: the signal came before the first write. 6: what was written was put back.
    expect(['SIGKILL', 'SIGTERM', 'exit 0', 'exit 1', 'exit 6'], place).toContain(end);
    if (end === 'exit 1' || end === 'exit 6') expect(filesOf(root), place).toEqual([]);

    const next = runCli(args);

    expect(next.exit, `${place}: ${next.stdout}${next.stderr}`).toBe(0);
    expect(managed(), place).toBe(goal);
    expect(runCli(args).stdout, place).toContain('nothing to do');
  }
  console.log(`seed ${seed}: ${JSON.stringify(ends)}`);
});

/** All that is managed; the root was empty before. */
const filesOf = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => !/^var(\/lib(\/timmy-reconciler(\/.*)?)?)?$/.test(path));
