import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { quietGit } from './quiet-git.ts';

/** What one run of a command cost. */
export interface Sample {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of user and system time of the whole tree of processes. */
  readonly cpu: number;
  /** Megabytes (2^20) of the largest process in the tree, at its peak. */
  readonly memory: number;
  readonly output: string;
}

export interface Command {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes of a good run; 0 unless told. */
  readonly exits?: readonly number[];
}

// Bash's own `time` counts in milliseconds and GNU time adds the peak memory; Node cannot ask about its children.
const script =
  'TIMEFORMAT="%3R %3U %3S"; { time /usr/bin/time -q -f %M -o "$0.memory" -- "${@}" >"$0.output" 2>&1; } 2>"$0.time"';

/** Runs the command once. Throws, with the end of its output, when it exits as it should not. */
export function measure({ name, argv, env, cwd, exits = [0] }: Command, work: string): Sample {
  const files = join(work, 'sample');
  const { status, signal, error } = spawnSync('/bin/bash', ['-c', script, files, ...argv], {
    cwd: cwd ?? work,
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: join(work, 'home'),
      LC_ALL: 'C.UTF-8',
      GIT_CONFIG_NOSYSTEM: '1',
      ...quietGit,
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 600_000,
  });
  if (error) throw error;
  const output = readFileSync(`${files}.output`, 'utf8');
  if (status === null || !exits.includes(status)) {
    throw new Error(`${name} ended with ${signal ?? status}: ${argv.join(' ')}\n${output.slice(-2_000)}`);
  }
  const [wall = NaN, user = NaN, system = NaN] = readFileSync(`${files}.time`, 'utf8').trim().split(' ').map(Number);
  const memory = Number(readFileSync(`${files}.memory`, 'utf8').trim().split('\n').at(-1)) / 1024;
  if (![wall, user, system, memory].every(Number.isFinite)) throw new Error(`${name}: the timers gave no numbers`);
  return { wall, cpu: user + system, memory, output };
}
