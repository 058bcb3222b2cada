import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { bootHost } from './boot-host.ts';
import { enter } from './inside.ts';
import { findInit, isAlive } from './processes.ts';

/** What `up` leaves for `exec` and `down`. */
interface Running {
  readonly keeper: number;
  readonly hosts: readonly { readonly name: string; readonly address: string; readonly launcher: number }[];
}

const record = join(process.env['XDG_RUNTIME_DIR'] ?? '/run', 'timmy-test-hosts.json');
const usage = `npm run hosts -- up <number or names>      boots hosts and leaves them running
npm run hosts -- list
npm run hosts -- exec <name> [program ...]  runs it as root, a shell where none is named
npm run hosts -- down                       ends them all; nothing of them stays`;

function running(): Running | undefined {
  try {
    const found = JSON.parse(readFileSync(record, 'utf8')) as Running;
    return isAlive(found.keeper) ? found : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Hosts end with the process that booted them, so a process of its own keeps them. */
async function up(names: readonly string[]): Promise<void> {
  if (running()) return fail('hosts are running already: npm run hosts -- down');
  const keeper = spawn(process.execPath, [import.meta.filename, 'keep', ...names], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Not inherited: who waits for the end of this program's output would wait for the hosts.
  keeper.stderr.pipe(process.stderr);
  for await (const line of createInterface({ input: keeper.stdout })) {
    if (line === 'ready') return process.exit(0);
    console.log(line);
  }
  process.exitCode = 1;
}

async function keep(names: readonly string[]): Promise<void> {
  await using hosts = new AsyncDisposableStack();
  const booted = await Promise.all(names.map(async (name) => hosts.use(await bootHost({ name }))));
  const rows = booted.map(({ name, address, launcher }) => ({ name, address, launcher }));
  writeFileSync(record, JSON.stringify({ keeper: process.pid, hosts: rows } satisfies Running), { mode: 0o600 });
  hosts.defer(() => rmSync(record, { force: true }));
  for (const { name, address } of rows) console.log(`${name} ${address}`);
  console.log('ready');
  const alive = setInterval(() => undefined, 1 << 30);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  clearInterval(alive);
}

function exec(name: string | undefined, argv: readonly string[]): void {
  const host = running()?.hosts.find((host) => host.name === name);
  const init = host && findInit(host.launcher);
  if (init === undefined) return fail(`no host ${name} is running: npm run hosts -- list`);
  const [program = '', ...args] = enter(init, argv.length > 0 ? argv : ['bash'], {
    env: { TERM: process.env['TERM'] ?? 'dumb' },
  });
  process.exitCode = spawnSync(program, args, { stdio: 'inherit' }).status ?? 1;
}

function fail(reason: string): void {
  console.error(reason);
  process.exitCode = 1;
}

async function down(): Promise<void> {
  const found = running();
  if (!found) return;
  process.kill(found.keeper, 'SIGTERM');
  while (isAlive(found.keeper)) await pause(20);
}

const [command, first = '1', ...rest] = process.argv.slice(2);
const names = /^\d+$/.test(first) ? Array.from({ length: Number(first) }, (_, index) => `host${index + 1}`) : [first, ...rest];
switch (command) {
  case 'up':
    await up(names);
    break;
  case 'keep':
    await keep(names);
    break;
  case 'list':
    for (const { name, address } of running()?.hosts ?? []) console.log(`${name} ${address}`);
    break;
  case 'exec':
    exec(process.argv[3], rest);
    break;
  case 'down':
    await down();
    break;
  default:
    console.error(usage);
    process.exitCode = 2;
}
