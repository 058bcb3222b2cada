import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository } from '../support/repository.ts';
import { program, runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { chance, hasStrace, sample, seed } from './fault-rig.ts';

it.skipIf(!hasStrace)(
  'kill -9 between a change and the refresh that it owes: the next run does the refresh',
  { timeout: 600_000 },
  () => {
    using host = openLiveHost();
    const { target, log } = host;
    expect(host.run().exit).toBe(0);
    expect(refreshes(log)).toBe(1);
    const calls = host.callsAfterRename();
    const points = sample(calls, 8, chance('owed'));
    let between = 0;

    for (const point of points) {
      host.reset();
      const place = `${point.name} ${point.nth}, seed ${seed}`;
      host.kill(point);
      const isBetween = existsSync(target) && refreshes(log) === 0;
      if (isBetween) between++;
      const wasDone = refreshes(log);
      const next = host.run();

      expect(next.exit, `${place}: ${next.stdout}${next.stderr}`).toBe(0);
      expect(readFileSync(target, 'utf8'), place).toBe('desired\n');
      // Once more is right where nobody knows whether the first one got through; never is not.
      expect(refreshes(log), place).toBeGreaterThanOrEqual(1);
      expect(refreshes(log), place).toBeLessThanOrEqual(wasDone + 1);
      expect(host.run().stdout, place).toContain('nothing to do');
    }
    console.log(`seed ${seed}: ${points.length} kills after the change, ${between} of them before its refresh`);
    expect(between).toBeGreaterThan(0);
  },
);

it('a rollback that was killed before its refresh leaves the refresh to the next run, though that is refused', () => {
  using host = openLiveHost();
  expect(host.run().exit).toBe(0);
  host.write('changed\n');
  expect(host.run().exit).toBe(0);
  expect(refreshes(host.log)).toBe(2);
  expect(host.run(['rollback'], 'kill-in-refresh').exit).not.toBe(0);
  expect(refreshes(host.log)).toBe(2);

  const next = host.run();

  expect(readFileSync(host.target, 'utf8')).toBe('desired\n');
  expect(next.exit, next.stdout + next.stderr).toBe(7);
  expect(refreshes(host.log)).toBe(3);
});

const refreshes = (log: string): number => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0);

interface Point {
  readonly name: string;
  readonly nth: number;
}

/** This very machine, but for the state, the host policy and the two paths that are managed: those are in a directory of their own. */
function openLiveHost() {
  const directory = temporaryDirectory();
  const place = (name: string): string => join(directory.path, name);
  mkdirSync(place('managed'));
  const [target, log, killer] = [place('managed/target'), place('log'), place('killer')];
  // Ends the whole program while it waits for its command, once.
  const script = `if [ -e ${killer} ]; then rm ${killer}; kill -9 $PPID; else echo refreshed >> ${log}; fi`;
  const resources = (content: string): string =>
    [
      `- { kind: file, path: ${target}, content: ${JSON.stringify(content)}, notify: ["command[told]"] }`,
      `- { kind: command, name: told, argv: [sh, -c, ${JSON.stringify(script)}], refresh_only: true }`,
    ].join('\n');
  const repository = makeRepository(resources('desired\n'));
  writeFileSync(place('policy.yaml'), `paths: { allow: ["${place('managed')}/**"] }\n`);
  const env = { RECONCILE_STATE_DIR: place('state'), RECONCILE_HOST_POLICY: place('policy.yaml') };
  const source = ['--source', repository.path, '--host', 'box'];
  const traced = (options: readonly string[]): string => {
    const command = ['strace', '-qq', '-o', place('trace'), ...options, process.execPath, program, ...source];
    spawnSync(command[0]!, command.slice(1), { env: { ...process.env, ...env, NODE_DISABLE_COMPILE_CACHE: '1' } });
    return readFileSync(place('trace'), 'utf8');
  };
  const reset = (): void => {
    for (const name of ['state', 'managed', 'log']) rmSync(place(name), { recursive: true, force: true });
    mkdirSync(place('managed'));
  };
  return {
    target,
    log,
    reset,
    run(args: readonly string[] = [], how?: 'kill-in-refresh') {
      if (how) writeFileSync(killer, '');
      return runCli([...args, ...(args[0] === 'rollback' ? [] : source)], { env });
    },
    write: (content: string) =>
      repository.write(
        'desired-state/site.yaml',
        `assignments:\n  - hosts: all\n    resources:\n${resources(content).replaceAll(/^/gm, '      ')}\n`,
      ),
    /** Calls of the main thread after the one that gives the file its name. */
    callsAfterRename(): readonly Point[] {
      reset();
      const counts = new Map<string, number>();
      const points: (Point & { readonly line: string })[] = [];
      for (const [line, name = ''] of traced([
        '-e',
        'trace=rename,openat,socketpair,vfork,wait4,pwrite64,fsync,ftruncate',
      ]).matchAll(/^(\w+)\(.*$/gm)) {
        const nth = (counts.get(name) ?? 0) + 1;
        counts.set(name, nth);
        points.push({ name, nth, line });
      }
      const first = points.findIndex(({ line }) => /^rename\(.*\/target"\)/.test(line));
      expect(first).toBeGreaterThan(0);
      return points.slice(first + 1, first + 25);
    },
    kill({ name, nth }: Point): void {
      expect(traced(['-e', `trace=${name}`, '-e', `inject=${name}:signal=KILL:when=${nth}`])).toContain('killed by SIGKILL');
    },
    [Symbol.dispose]() {
      repository[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}
