import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cases, makeGround, type CaseName } from './cases.ts';
import { machineRows } from './machine.ts';
import { quietGit } from './quiet-git.ts';
import { formatTable, type Row } from './table.ts';

/**
 * `npm run bench [-- --only converged,first --files 646 --pairs 9 --gate]`: our command and the peer's in turn, on
 * repositories generated under the temporary directory; `machine` boots hosts and has no size. Prints a markdown table. With `--gate`, exits 1 when a target is
 * missed; a wrong result of anybody always ends the run.
 */
const machine = 'machine';
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: [...Object.keys(cases), machine].join(',') },
    pairs: { type: 'string', default: '7' },
    files: { type: 'string', default: '646,10000' },
    dist: { type: 'string', default: 'dist' },
    gate: { type: 'boolean', default: false },
  },
});
const names = values.only.split(',');
const sized = names.filter((name) => name !== machine);
const unknown = sized.filter((name) => !(name in cases));
const sizes = values.files.split(',').map(Number);
const pairs = Number(values.pairs);
const dist = resolve(values.dist);
if (unknown.length > 0) fail(`no case "${unknown.join(', ')}"; there are ${[...Object.keys(cases), machine].join(', ')}`);
if (![pairs, ...sizes].every((number) => Number.isInteger(number) && number > 0)) fail('--pairs and --files take whole numbers');
if (!existsSync(join(dist, 'reconcile.mjs'))) fail(`${values.dist}/reconcile.mjs does not exist; run "npm run build" first`);
if (!existsSync('/usr/bin/time')) fail('/usr/bin/time is missing; test/bench/install-peers.sh installs it');

Object.assign(process.env, quietGit);
const work = mkdtempSync(join(tmpdir(), 'reconcile-bench-'));
const rows: Row[] = [];
try {
  mkdirSync(join(work, 'home'));
  // A copy, so that a build while the bench runs changes nothing.
  cpSync(dist, join(work, 'dist'), { recursive: true });
  const program = join(work, 'dist', 'reconcile.mjs');
  for (const files of sized.length === 0 ? [] : sizes) {
    const ground = makeGround(files, pairs, work, program);
    for (const name of sized) {
      process.stderr.write(`${name}, ${files} files\n`);
      rows.push(...(await cases[name as CaseName](ground)));
    }
  }
  if (names.includes(machine)) {
    process.stderr.write('machine, on booted hosts\n');
    rows.push(...(await machineRows({ pairs, work })));
  }
} finally {
  if (rows.length > 0) process.stdout.write(`${describeMachine()}\n\n${formatTable(rows)}\n`);
  rmSync(work, { recursive: true, force: true });
}
if (values.gate && rows.some(({ ok }) => ok === false)) process.exitCode = 1;

function describeMachine(): string {
  return `Node ${process.version}, ${cpus().length} cores, ${pairs} pairs in turn; medians of wall, CPU of all processes, peak memory of the largest; figure: median of the pairwise wall ratios (min-max).`;
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(64);
}
