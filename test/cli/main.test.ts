import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { program, runCli } from '../support/run-cli.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'main-'));
  mkdirSync(join(directory, 'state'), { mode: 0o700 });
  writeFileSync(join(directory, 'state/state.db'), 'this is no database');
});
afterAll(() => rmSync(directory, { recursive: true }));

const shell = (script: string) =>
  spawnSync('bash', ['-c', `set -o pipefail; ${script}`, 'bash', process.execPath, program], { encoding: 'utf8', cwd: '/' });

it('a reader that goes away is no error', () => {
  const { status, stderr } = shell('"$1" "$2" schema site | true');

  expect(stderr).toBe('');
  expect(status).toBe(0);
});

it('output that cannot be written makes the exit code 1', () => {
  const full = shell('"$1" "$2" schema site > /dev/full');
  expect(full.status).toBe(1);
  expect(full.stderr).toMatch(/^reconcile: the output cannot be written: ENOSPC/);
});

it('an unexpected error is a message and a hint, and a stack only when asked for', () => {
  const env = { RECONCILE_STATE_DIR: join(directory, 'state') };

  const { exit, stdout, stderr } = runCli(['history'], { env });
  const debug = runCli(['history'], { env: { ...env, RECONCILE_DEBUG: '1' } });

  expect(stderr).toMatch(/^reconcile: the state database .*cannot be used/);
  expect(stderr).toContain('hint: ');
  expect(stderr).not.toMatch(/^ +at /m);
  expect(stdout).toBe('');
  expect(exit).toBe(1);
  expect(debug.stderr).toMatch(/^ +at /m);
});

it('who interrupts a command is told that, and of no bug', async () => {
  const repository = join(directory, 'repository');
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  for (const name of ['inventory', 'desired-state']) mkdirSync(join(repository, name), { recursive: true });
  writeFileSync(join(repository, 'desired-state/site.yaml'), 'assignments: []\n');
  const hosts = `all: { hosts: { web1: { ansible_host: 127.0.0.1, ansible_port: ${port} } } }\n`;
  writeFileSync(join(repository, 'inventory/hosts.yml'), hosts);
  const child = spawn(process.execPath, [program, 'fleet', 'trust', 'web1', '--source', repository], { cwd: '/' });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));

  await once(silent, 'connection');
  child.kill('SIGINT');
  const [exit] = (await once(child, 'close')) as [number];
  silent.close();

  expect([exit, stderr]).toEqual([1, 'reconcile: SIGINT was received\n']);
});

it('colour appears only when asked for or on a terminal', () => {
  const plainText = runCli(['doctor']).stdout;

  expect(plainText).not.toContain('\x1b[');
  expect(runCli(['doctor'], { env: { FORCE_COLOR: '1' } }).stdout).toContain('\x1b[');
  expect(runCli(['doctor'], { env: { NO_COLOR: '1' } }).stdout).not.toContain('\x1b[');
});
