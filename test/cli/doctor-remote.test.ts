import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Finding } from '../../src/cli/finding.ts';
import { openFollowRig, type FollowRig } from '../source/git/follow-rig.ts';
import { runCli } from '../support/run-cli.ts';

let rig: FollowRig;
let commit: string;
beforeEach(() => {
  rig = openFollowRig();
  commit = rig.push({ 'desired-state/site.yaml': 'assignments: []\n' });
  rig.git('push', '--quiet', 'origin', 'HEAD:refs/tags/stable');
});
afterEach(() => rig[Symbol.dispose]());

/** What doctor says of the remotes and of who may sign, as one line each. */
function doctor(policy: object): readonly string[] {
  const file = join(rig.path, 'host.yaml');
  writeFileSync(file, JSON.stringify(policy), { mode: 0o600 });
  const { stdout } = runCli(['doctor', '-o', 'json'], {
    cwd: rig.path,
    env: { RECONCILE_STATE_DIR: join(rig.path, 'state'), RECONCILE_HOST_POLICY: file },
  });
  return (JSON.parse(stdout) as readonly Finding[])
    .filter(({ name }) => name === 'remote' || name === 'signatures')
    .map(({ name, ok, found, fix }) => `${ok ? 'ok' : 'FAIL'} ${name}: ${found}${fix === undefined ? '' : `; ${fix}`}`);
}

it('each remote is asked for what the host follows, and none where it follows none', () => {
  const none = join(rig.path, 'none.git');

  expect(doctor({ remote: { urls: [rig.remote, none] } })).toEqual([
    `ok remote: ${rig.remote} has main, ${commit.slice(0, 12)}`,
    `FAIL remote: ${none}: it is no git repository; check the path`,
  ]);
  expect(doctor({ remote: { urls: [rig.remote], tag: 'stable' } })).toEqual([
    `ok remote: ${rig.remote} has stable, ${commit.slice(0, 12)}`,
  ]);
  expect(doctor({ remote: { urls: [rig.remote], commit } })).toEqual([`ok remote: ${rig.remote} answers`]);
  expect(doctor({ remote: { urls: [rig.remote], branch: 'prod' } })).toEqual([
    `FAIL remote: ${rig.remote}: it has no refs/heads/prod; check branch, tag or commit in the host policy`,
  ]);
  expect(doctor({ remote: { urls: ['ssh://git@127.0.0.1/x.git'] } })).toEqual([
    'FAIL remote: an ssh remote needs ssh_key (the deploy key) and known_hosts (its host keys) in the host policy; correct `remote` in the host policy',
  ]);
  expect(doctor({})).toEqual([]);
});

it('keys that trust nobody are found before a revision is refused for it', () => {
  const signers = join(rig.path, 'signers');
  const found = () => doctor({ remote: { urls: [rig.remote] }, trust: { verify: 'every', allowed_signers: signers } }).slice(1);
  const fix = 'correct `trust` in the host policy';

  expect(found()).toEqual([`FAIL signatures: the file of allowed signers ${signers} does not exist; make it, mode 0600; ${fix}`]);
  writeFileSync(signers, '# nobody yet\n\n');
  expect(found()).toEqual([`FAIL signatures: the file of allowed signers ${signers} names nobody; ${fix}`]);
  writeFileSync(signers, '# ada\n ada@machine.example ssh-ed25519 AAAA\n');
  expect(found()).toEqual([`ok signatures: ${signers}`]);
});
