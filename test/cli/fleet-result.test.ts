import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sha256 } from '../../src/model/json.ts';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('what became of the hosts is shown also where it cannot be kept for --retry-failed', () => {
  using place = temporaryDirectory();
  const home = realpathSync(place.path);
  const repository = join(home, 'repository');
  for (const name of ['inventory', 'desired-state']) mkdirSync(join(repository, name), { recursive: true });
  writeFileSync(join(repository, 'desired-state/site.yaml'), 'assignments: []\n');
  writeFileSync(
    join(repository, 'inventory/hosts.yml'),
    'all: { hosts: { web1: { ansible_host: 127.0.0.1, ansible_port: 1 } } }\n',
  );
  const git = (...args: readonly string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@machine.example', ...args], { cwd: repository });
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'one');
  const state = join(home, 'state');
  mkdirSync(join(state, 'fleet', `left-${sha256(repository).slice(0, 16)}.json`), { recursive: true });

  const { exit, stdout, stderr } = runCli(['fleet', 'push', '--source', repository, '--timeout', '100ms', '-o', 'json'], {
    env: { RECONCILE_STATE_DIR: state },
  });

  expect(JSON.parse(stdout)).toMatchObject({ hosts: [{ host: 'web1', verdict: 'unreachable' }] });
  expect(stderr).toContain('EISDIR');
  expect(exit).toBe(1);
});
