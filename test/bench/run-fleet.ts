import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fleetRows } from './fleet.ts';
import { formatTable } from './table.ts';

/**
 * `npm run bench:fleet [-- --hosts 30 --pairs 3]`: `reconcile fleet` and its peers in turn, on hosts that are booted for it and share
 * this machine's processors. Prints a markdown table; a wrong result of anybody ends the run.
 */
const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '30' },
    pairs: { type: 'string', default: '3' },
    dist: { type: 'string', default: 'dist' },
  },
});
const [hosts, pairs] = [Number(values.hosts), Number(values.pairs)];
if (![hosts, pairs].every((number) => Number.isInteger(number) && number > 0)) fail('--hosts and --pairs take whole numbers');
if (!existsSync(join(values.dist, 'reconcile.mjs'))) fail('dist/reconcile.mjs does not exist; run "npm run build" first');
if (!existsSync('/usr/bin/ansible-playbook')) fail('ansible is missing; test/bench/install-peers.sh installs it');

const work = mkdtempSync(join(tmpdir(), 'reconcile-bench-'));
try {
  mkdirSync(join(work, 'home'));
  // A copy, so that a build while the bench runs changes nothing.
  cpSync(resolve(values.dist), join(work, 'dist'), { recursive: true });
  const rows = await fleetRows({ pairs, hosts, program: join(work, 'dist/reconcile.mjs'), work });
  process.stdout.write(`Node ${process.version}, ${cpus().length} cores shared with ${hosts} hosts, ${pairs} pairs in turn\n\n`);
  process.stdout.write(`${formatTable(rows).replace('| files |', '| hosts |')}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(64);
}
