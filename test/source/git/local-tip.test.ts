import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readLocalTip } from '../../../src/source/git/local-tip.ts';
import { never, openFollowRig, textOf } from './follow-rig.ts';

const site = 'desired-state/site.yaml';
const main = 'refs/heads/main';

it('tells what a branch is at, loose and packed, and the loose one counts', () => {
  using rig = openFollowRig();
  const first = rig.push({ [site]: 'one' });
  expect(readLocalTip(rig.remote, main)).toBe(first);
  execFileSync('git', ['pack-refs', '--all'], { cwd: rig.remote });
  expect(readLocalTip(rig.remote, main)).toBe(first);

  const second = rig.push({ [site]: 'two' });

  expect(readLocalTip(rig.remote, main)).toBe(second);
});

it('leaves to git what is not plainly a branch of a bare repository of this user', () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'one' });
  writeFileSync(join(rig.remote, 'refs/heads/other'), `ref: ${main}\n`);
  writeFileSync(join(rig.remote, 'refs/heads/cut'), 'abc');
  writeFileSync(join(rig.remote, 'refs/heads/long'), 'a'.repeat(1000));
  for (const name of ['other', 'cut', 'long', 'absent']) expect(readLocalTip(rig.remote, `refs/heads/${name}`)).toBeUndefined();
  expect(readLocalTip(join(rig.path, 'clone'), main)).toBeUndefined();
  expect(readLocalTip('/nowhere', main)).toBeUndefined();
});

it.runIf(process.geteuid?.() === 0)('leaves the repository of another user to git, which refuses it', () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'one' });
  execFileSync('chown', ['1:1', rig.remote]);
  expect(readLocalTip(rig.remote, main)).toBeUndefined();
});

it('a repository on this machine that has not moved is not asked through git, whether or not something is expected', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });
  const follower = rig.open();
  await follower.look(never);
  // Whatever git does there fails from now on.
  appendFileSync(join(rig.remote, 'config'), '[broken\n');

  expect(await follower.look(never)).toMatchObject({ state: 'fetched', commit });
  expect(await follower.look(never, true)).toMatchObject({ state: 'fetched', commit });

  writeFileSync(join(rig.remote, main), `${'1'.repeat(40)}\n`);
  const look = await follower.look(never);
  expect(look).toMatchObject({ state: 'offline', commit });
  expect(textOf(look)).toBe('one');
});
