import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { program } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it.each([
  ['status', ['status', '--timeout', '2s']],
  ['trust', ['trust', 'all']],
])('fleet %s ends where more hosts are reached at once than there may be open files', async (_name, words) => {
  using place = temporaryDirectory();
  // Takes connections, and says nothing.
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  for (const name of ['inventory', 'desired-state']) mkdirSync(join(place.path, name));
  writeFileSync(join(place.path, 'desired-state/site.yaml'), 'assignments: []\n');
  const group = `{ hosts: { "web[1:60]": }, vars: { ansible_host: 127.0.0.1, ansible_port: ${port} } }`;
  writeFileSync(join(place.path, 'inventory/hosts.yml'), `all: ${group}\n`);
  const config = join(place.path, 'ssh_config');
  writeFileSync(config, `ConnectTimeout 2\nUserKnownHostsFile ${place.path}/known\nGlobalKnownHostsFile none\n`);
  const argv = [process.execPath, program, 'fleet', ...words, '--source', place.path, '--ssh-config', config];

  const { status, stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -n 48; exec "$@"', 'sh', ...argv], {
    cwd: '/',
    env: { PATH: process.env['PATH'], HOME: place.path },
    encoding: 'utf8',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  });
  silent.close();

  expect(status, stdout + stderr).toBe(1);
  expect(stdout + stderr).not.toMatch(/constructor|RECONCILE_DEBUG/);
});
