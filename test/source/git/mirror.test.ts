import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openChaosProxy } from '../../support/chaos-proxy.ts';
import { openGitServer } from '../../support/git-server.ts';
import { mountSmall } from '../../support/mount-small.ts';
import { never, openFollowRig, textOf, type FollowRig } from './follow-rig.ts';

const site = 'desired-state/site.yaml';
const inMirror = (rig: FollowRig, name: string): string => join(rig.stateDirectory, 'mirror', name);
const packs = (rig: FollowRig): readonly string[] =>
  readdirSync(inMirror(rig, 'objects/pack')).map((name) => inMirror(rig, `objects/pack/${name}`));

it.each<readonly [string, (rig: FollowRig) => void]>([
  ['deleted', (rig) => rmSync(inMirror(rig, ''), { recursive: true })],
  ['emptied of its objects', (rig) => packs(rig).forEach((file) => rmSync(file))],
  [
    'cut short',
    (rig) =>
      packs(rig)
        .filter((file) => file.endsWith('.pack'))
        .forEach((file) => (chmodSync(file, 0o600), truncateSync(file, 40))),
  ],
  ['without a HEAD', (rig) => rmSync(inMirror(rig, 'HEAD'))],
  ['with a HEAD of zeros', (rig) => writeFileSync(inMirror(rig, 'HEAD'), Buffer.alloc(22))],
  ['without refs', (rig) => rmSync(inMirror(rig, 'refs'), { recursive: true })],
  ['no repository', (rig) => (rmSync(inMirror(rig, ''), { recursive: true }), writeFileSync(inMirror(rig, ''), 'x'))],
  ['pointing to nothing', (rig) => writeFileSync(inMirror(rig, 'refs/agent/branch'), `${'1'.repeat(40)}\n`)],
])('a mirror that was %s is made again with the next revision', async (_name, spoil) => {
  using rig = openFollowRig();
  rig.push({ [site]: 'good' });
  await rig.open().accept((await rig.look()).commit!);
  spoil(rig);
  expect(textOf({ ...(await rig.look({ urls: ['/nowhere'] })) })).toBe('good');
  const commit = rig.push({ [site]: 'next' });

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'fetched', commit });
  expect(textOf(look)).toBe('next');
  expect(existsSync(join(rig.stateDirectory, 'mirror.new'))).toBe(false);
  expect(await rig.look()).toMatchObject({ state: 'fetched', commit });
});

it('a damaged mirror in whose place no other can be made is told, and the next look recovers', async ({ skip }) => {
  using disk = mountSmall('size=4m,mode=700', skip);
  using rig = openFollowRig();
  symlinkSync(disk.path, rig.stateDirectory);
  const commit = rig.push({ [site]: 'good' });
  await rig.look();
  packs(rig).forEach((file) => rmSync(file));
  rmSync(join(rig.stateDirectory, 'revisions'), { recursive: true });
  const fill = join(disk.path, 'fill');
  spawnSync('dd', ['if=/dev/zero', `of=${fill}`, 'bs=1k']);

  const look = await rig.look();
  expect(look).toMatchObject({ state: 'offline', problem: { code: 'remote-failed' } });
  expect(`${look.problem!.message}; ${look.problem!.hint}`).toMatch(/cannot be kept: ENOSPC.*see to the space/);
  rmSync(fill);
  expect(await rig.look()).toMatchObject({ state: 'fetched', commit });
});

it('locks, half-received packs and marks of a fetch that was killed are swept away', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'good' });
  await rig.look();
  for (const name of [
    'refs/agent/branch.lock',
    'packed-refs.lock',
    'HEAD.lock',
    'objects/pack/tmp_pack_x1',
    'objects/pack/pack-x1.keep',
  ])
    writeFileSync(inMirror(rig, name), '');
  const commit = rig.push({ [site]: 'next' });

  expect(await rig.look()).toMatchObject({ state: 'fetched', commit });
  expect(readdirSync(inMirror(rig, 'objects/pack')).filter((name) => /^tmp_|keep$/.test(name))).toEqual([]);
});

it('a revision whose contents were damaged is taken out of the mirror again', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'good' });
  await rig.look();
  const directory = join(rig.stateDirectory, 'revisions');
  for (const name of readdirSync(directory).filter((each) => each.startsWith('segment-'))) truncateSync(join(directory, name), 3);
  expect(await rig.look({ urls: ['/nowhere'] })).toMatchObject({ state: 'offline', source: undefined });

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'fetched', commit });
  expect(textOf(look)).toBe('good');
});

it('a look that was killed with -9 in the middle leaves the last good revision, and the next look works', async () => {
  using rig = openFollowRig();
  await using server = await openGitServer(rig.path);
  await using proxy = await openChaosProxy(server);
  rig.push({ [site]: 'good' });
  const urls = [proxy.url('config.git')];
  await rig.open({ urls }).accept((await rig.look({ urls })).commit!);
  const commit = rig.push({ [site]: 'next', 'roles/a/files/b': 'x'.repeat(100_000) });
  proxy.fault = { type: 'drip' };
  const program = new URL('look-once.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, rig.stateDirectory, urls[0]!], { stdio: 'ignore' });
  // The refs, and then the pack.
  for (let request = 0; request < 3; request++) await proxy.nextRequest();
  child.kill('SIGKILL');
  await once(child, 'exit');
  proxy.fault = { type: 'hang' };
  expect(textOf(await rig.look({ urls, timeout: '1s' }))).toBe('good');
  proxy.fault = { type: 'none' };

  const look = await rig.look({ urls });

  expect(look).toMatchObject({ state: 'fetched', commit });
});

it('a disk that takes nothing more is told, the last good revision stays, and the next look recovers', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'good' });
  await rig.look();
  const commit = rig.push({ [site]: 'next' });
  const obstacle = join(rig.stateDirectory, 'revisions', `${commit}.json.new`);
  mkdirSync(obstacle);

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'offline', problem: { code: 'remote-failed' } });
  expect(look.problem!.message).toContain('what is fetched cannot be kept: EISDIR');
  expect(textOf(look)).toBe('good');
  rmSync(obstacle, { recursive: true });
  expect(await rig.look()).toMatchObject({ state: 'fetched', commit });
});

it('two processes that look at the same time both get the revision', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'good' });

  const looks = await Promise.all([rig.look(), rig.look(), rig.look()]);

  expect(looks.map((look) => look.commit)).toEqual([commit, commit, commit]);
});

it('an abort ends git and what it started', async () => {
  using rig = openFollowRig();
  await using server = await openGitServer(rig.path);
  await using proxy = await openChaosProxy(server);
  rig.push({ [site]: 'good' });
  proxy.fault = { type: 'hang' };
  const abort = new AbortController();
  const looking = rig.open({ urls: [proxy.url('config.git')], timeout: '1h' }).look(AbortSignal.any([never, abort.signal]));
  await proxy.nextRequest();
  abort.abort(new Error('enough'));

  await expect(looking).rejects.toThrow('enough');
});
