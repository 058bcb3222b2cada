import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sha256 } from '../../src/model/json.ts';
import { gitIn } from '../support/git-in.ts';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A repository with one host that nobody reaches. */
let place: ReturnType<typeof temporaryDirectory>;
let home: string;
let repository: string;
beforeEach(() => {
  place = temporaryDirectory();
  home = realpathSync(place.path);
  repository = join(home, 'repository');
  for (const name of ['inventory', 'desired-state']) mkdirSync(join(repository, name), { recursive: true });
  writeFileSync(join(repository, 'desired-state/site.yaml'), 'assignments: []\n');
  writeFileSync(
    join(repository, 'inventory/hosts.yml'),
    'all: { hosts: { web1: { ansible_host: 127.0.0.1, ansible_port: 1 } } }\n',
  );
  gitIn(repository, 'init', '--quiet');
  commit();
});
afterEach(() => place[Symbol.dispose]());

const commit = (): void => {
  gitIn(repository, 'add', '--all');
  gitIn(repository, 'commit', '--quiet', '--message', 'one');
};
const fleet = (source: string, ...args: readonly string[]) =>
  runCli(['fleet', ...args, '--source', source, '-o', 'json'], { env: { RECONCILE_STATE_DIR: join(home, 'state') } });

it('what became of the hosts is shown also where it cannot be kept for --retry-failed', () => {
  mkdirSync(join(home, 'state/fleet', `left-${sha256(repository).slice(0, 16)}.json`), { recursive: true });

  const { exit, stdout, stderr } = fleet(repository, 'push', '--timeout', '100ms');

  expect(JSON.parse(stdout)).toMatchObject({ hosts: [{ host: 'web1', verdict: 'unreachable' }] });
  expect(stderr).toContain('EISDIR');
  expect(exit).toBe(1);
});

it('what became of the hosts is known by whatever name the repository is called', () => {
  writeFileSync(join(repository, 'desired-state/rollout.yaml'), 'waves: [{ name: all, hosts: all, bake: 0s }]\n');
  commit();
  const link = join(home, 'link');
  symlinkSync(repository, link);

  expect(fleet(link, 'push', '--timeout', '100ms').exit).toBe(3);

  expect(JSON.parse(fleet(repository, 'rollout', 'status').stdout)).toMatchObject({ waves: [{ hosts: ['web1'] }] });
  expect(fleet(repository, 'push', '--timeout', '100ms', '--retry-failed').exit).toBe(3);
});
