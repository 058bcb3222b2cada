import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { visitProtocol, type Order } from './model/visit.ts';

/** Of the bundled fleet, with files that it has from there. */
const host = 'allegro';
const edited = 'desired-state/files/SOUL.md';
const home = `root/wizards/${host}/home`;
/** Nothing of whoever builds counts: not the state of this machine, nor the repository whose hook this may run in. */
const env = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  RECONCILE_KEEP_CODE: '1',
};
const drifting = [`${home}/.timmy/SOUL.md`, `${home}/.hermes/playbooks/bug-fixer.yaml`];

/**
 * Does with the built program what hosts do every day, in a sandbox, so that the code for it is compiled already (src/decisions/0075).
 * What ends otherwise than it should is told and left to the tests.
 */
export function buildCodeCache(program: string): void {
  const place = mkdtempSync(join(tmpdir(), 'reconcile-build-'));
  try {
    const fleet = join(place, 'fleet');
    for (const name of ['inventory', 'desired-state', 'roles']) cpSync(name, join(fleet, name), { recursive: true });
    convergeSandbox(program, fleet, makeRoot(place, 'sandbox'), drifting);
    convergeSandbox(program, makeTree(join(place, 'plain')), makeRoot(place, 'tree'), ['srv/tree/1', 'srv/tree/2']);
    visitHost(program, fleet, makeRoot(place, 'visited'));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function makeRoot(place: string, name: string): string {
  mkdirSync(join(place, name));
  return join(place, name);
}

/** A repository with nothing but files, where a run with nothing to do is one of stat calls alone, and enough to be synced at once. */
function makeTree(fleet: string): string {
  const files = join(fleet, 'desired-state/files/tree');
  for (const directory of [join(fleet, 'inventory'), files]) mkdirSync(directory, { recursive: true });
  writeFileSync(join(fleet, 'inventory/hosts.yml'), `all: { hosts: { ${host}: } }\n`);
  const tree = '{ kind: tree, path: /srv/tree, source: tree }';
  writeFileSync(join(fleet, 'desired-state/site.yaml'), `assignments:\n  - { hosts: all, resources: [${tree}] }\n`);
  for (let file = 0; file < 100; file++) writeFileSync(join(files, String(file)), `${file}\n`.repeat(file));
  return fleet;
}

function convergeSandbox(program: string, fleet: string, root: string, managed: readonly string[]): void {
  const sandbox = ['--source', fleet, '--host', host, '--root', root];
  reconcile(program, 2, [...sandbox, '--check', '--diff']);
  reconcile(program, 0, sandbox);
  reconcile(program, 0, sandbox);
  for (const file of managed) edit(join(root, file));
  reconcile(program, 3, [...sandbox, '--check']);
  reconcile(program, 0, sandbox);
  reconcile(program, 0, [...sandbox, '--paranoid']);
}

/** By replacing it: some of what is managed nobody but root may write. */
function edit(file: string): void {
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  writeFileSync(file, `${text}drift\n`);
}

/** Sends a revision, and one that changes a file of it, as `reconcile fleet push` would. */
function visitHost(program: string, fleet: string, root: string): void {
  // Where git is missing nobody sends anything.
  if (spawnSync('git', ['--version'], { env }).status !== 0) return;
  const author = ['-c', 'user.name=build', '-c', 'user.email=build@localhost'];
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', fleet, ...author, ...args], { encoding: 'utf8', env }).trim();
  git('init', '--quiet', '--initial-branch=main');
  let known: readonly string[] = [];
  for (const message of ['first', 'second']) {
    appendFileSync(join(fleet, edited), `${message}\n`);
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
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { env, input, encoding: 'utf8' });
  if (status !== expected)
    process.stderr.write(`reconcile ${args.join(' ')}: exit ${status} instead of ${expected}\n${stdout.slice(-2000)}${stderr}`);
}
