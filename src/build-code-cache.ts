import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { visitProtocol, type Order } from './model/visit.ts';

/** Of the bundled fleet, with a file that it has from there. */
const host = 'allegro';
const [source, target] = ['desired-state/files/SOUL.md', `root/wizards/${host}/home/.timmy/SOUL.md`];

/**
 * Does with the built program what hosts do every day, in a sandbox, so that the code for it is compiled already (src/decisions/0075).
 * What ends otherwise than it should is told and left to the tests.
 */
export function buildCodeCache(program: string): void {
  const place = mkdtempSync(join(tmpdir(), 'reconcile-build-'));
  try {
    const fleet = join(place, 'fleet');
    for (const name of ['inventory', 'desired-state', 'roles']) cpSync(name, join(fleet, name), { recursive: true });
    convergeSandbox(program, fleet, makeRoot(place, 'sandbox'));
    visitHost(program, fleet, makeRoot(place, 'visited'));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function makeRoot(place: string, name: string): string {
  mkdirSync(join(place, name));
  return join(place, name);
}

function convergeSandbox(program: string, fleet: string, root: string): void {
  const sandbox = ['--source', fleet, '--host', host, '--root', root];
  reconcile(program, 2, [...sandbox, '--check', '--diff']);
  reconcile(program, 0, sandbox);
  reconcile(program, 0, sandbox);
  appendFileSync(join(root, target), 'drift\n');
  reconcile(program, 3, [...sandbox, '--check']);
  reconcile(program, 0, sandbox);
  reconcile(program, 0, [...sandbox, '--paranoid']);
}

/** Sends a revision, and one that changes a file of it, as `reconcile fleet push` would. */
function visitHost(program: string, fleet: string, root: string): void {
  const alone = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const author = ['-c', 'user.name=build', '-c', 'user.email=build@localhost'];
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', fleet, ...author, ...args], { encoding: 'utf8', env: { ...process.env, ...alone } }).trim();
  git('init', '--quiet', '--initial-branch=main');
  let known: readonly string[] = [];
  for (const message of ['first', 'second']) {
    appendFileSync(join(fleet, source), `${message}\n`);
    git('add', '.');
    git('commit', '--quiet', '--message', message);
    const commit = git('rev-parse', 'HEAD');
    const file = join(fleet, '.git/sent.bundle');
    git('bundle', 'create', '--quiet', file, 'main', ...known);
    known = [`^${commit}`];
    const bundle = readFileSync(file);
    const asked = {
      protocol: visitProtocol,
      action: 'converge',
      host,
      commit,
      branch: 'main',
      tags: [],
      paranoid: false,
    } as const;
    const order: Order = { ...asked, bundle: bundle.length };
    reconcile(program, 0, ['receive', '--root', root], Buffer.concat([Buffer.from(`${JSON.stringify(order)}\n`), bundle]));
  }
}

function reconcile(program: string, expected: number, args: readonly string[], input: string | Buffer = ''): void {
  const env = { ...process.env, NODE_OPTIONS: '', RECONCILE_KEEP_CODE: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { env, input, encoding: 'utf8' });
  if (status !== expected)
    process.stderr.write(`reconcile ${args.join(' ')}: exit ${status} instead of ${expected}\n${stdout.slice(-2000)}${stderr}`);
}
