import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeBelow } from '../../support/write-below.ts';
import { never, openFollowRig, textOf, type FollowRig } from './follow-rig.ts';

const site = 'desired-state/site.yaml';
const kept = (rig: FollowRig): readonly { readonly name: string; readonly size: number }[] =>
  readdirSync(join(rig.stateDirectory, 'revisions'))
    .filter((name) => /^segment-|\.json$/.test(name))
    .map((name) => ({ name, size: statSync(join(rig.stateDirectory, 'revisions', name)).size }));
const segments = (rig: FollowRig) => kept(rig).filter(({ name }) => name.startsWith('segment-'));

it('of the next commit only what changed is written', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'one', 'roles/a/files/large': 'x'.repeat(1_000_000) });
  await rig.look();
  const [first] = segments(rig);
  rig.push({ [site]: 'two' });

  const look = await rig.look();

  const added = segments(rig).filter(({ name }) => name !== first!.name);
  expect(added.map(({ size }) => size < 2_000)).toEqual([true]);
  expect(textOf(look)).toBe('two');
  expect(textOf(look, 'roles/a/files/large')).toHaveLength(1_000_000);
});

it('after many commits only a few revisions and little more than their contents are kept', async () => {
  using rig = openFollowRig();
  for (let round = 0; round < 45; round++) {
    rig.push({
      [site]: `round ${round}`,
      [`roles/a/files/${round}`]: `${round}`.repeat(2_000),
      'roles/a/files/large': 'y'.repeat(50_000),
    });
    const { commit } = await rig.look();
    await rig.open().accept(commit!);
  }

  const look = await rig.look();
  const { files } = look.source!.open();
  const live = ['desired-state', 'roles'].flatMap((name) => files.list(name)).reduce((sum, { size }) => sum + size, 0);

  expect(kept(rig).filter(({ name }) => name.endsWith('.json')).length).toBeLessThanOrEqual(4);
  expect(segments(rig).length).toBeLessThanOrEqual(40);
  expect(segments(rig).reduce((sum, { size }) => sum + size, 0)).toBeLessThan(4 * live);
  expect(
    readdirSync(join(rig.stateDirectory, 'mirror/objects/pack')).filter((name) => name.endsWith('.pack')).length,
  ).toBeLessThanOrEqual(31);
  for (let round = 0; round < 45; round++) expect(textOf(look, `roles/a/files/${round}`)).toBe(`${round}`.repeat(2_000));
}, 120_000);

it('a revision that is in use can be read while newer ones come', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'applied' });
  await rig.open().accept((await rig.look()).commit!);
  rig.push({ [site]: 'in use' });
  const used = (await rig.look()).source!.open();
  rig.push({ [site]: 'newer' });
  await rig.look();

  expect(used.files.read(site)!.toString()).toBe('in use');
  expect(rig.open().lastGood()!.open().files.read(site)!.toString()).toBe('applied');
});

it('a byte that the disk has changed is never given, and what it was is restored by the next look', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'mode: 0600', 'roles/a/files/other': 'other' });
  const follower = rig.open();
  const { source, commit } = await follower.look(never);
  await follower.accept(commit!);
  const segment = join(rig.stateDirectory, 'revisions', segments(rig)[0]!.name);
  const bytes = readFileSync(segment);
  bytes.write('6', bytes.indexOf('0600') + 3);
  writeFileSync(segment, bytes);

  expect(() => source!.open().files.read(site)).toThrow(`${segment} is damaged and was removed; the next fetch restores it`);
  expect(rig.open().lastGood()).toBeUndefined();
  const next = await follower.look(never);

  expect(textOf(next)).toBe('mode: 0600');
  expect(textOf(next, 'roles/a/files/other')).toBe('other');
  expect(rig.open().lastGood()?.head().commit).toBe(commit);
});

it('an empty file, one without a newline, an executable one and one of every byte come through as they are', async () => {
  using rig = openFollowRig();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const clone = join(rig.path, 'clone');
  writeBelow(clone, 'roles/a/files/empty', '');
  writeBelow(clone, 'roles/a/files/bare', 'no newline');
  writeFileSync(join(clone, 'roles/a/files/bytes'), bytes);
  writeFileSync(join(clone, 'roles/a/files/ünïcode name'), 'x', { mode: 0o755 });
  rig.push({ [site]: 'x' });

  const { files } = (await rig.look()).source!.open();

  expect(files.read('roles/a/files/empty')).toHaveLength(0);
  expect(files.read('roles/a/files/bare')!.toString()).toBe('no newline');
  expect(files.read('roles/a/files/bytes')).toEqual(bytes);
  expect(files.list('roles').find(({ path }) => path.includes('ünïcode'))).toMatchObject({ executable: true, size: 1 });
});

it('232 MB of content need less than 200 MB of memory', () => {
  using rig = openFollowRig();
  for (let part = 0; part < 29; part++) {
    const file = join(rig.path, 'clone', `roles/a/files/${part}`);
    writeBelow(join(rig.path, 'clone'), `roles/a/files/${part}`, '');
    writeFileSync(file, randomBytes(8 * 1024 * 1024));
  }
  // Looking for what such files have in common takes a minute, and finds nothing.
  rig.git('config', 'core.bigFileThreshold', '1m');
  rig.git('config', 'core.compression', '0');
  rig.git('checkout', '--quiet', '-b', 'main');
  rig.commit({ [site]: 'x' });
  const program = new URL('look-once.ts', import.meta.url).pathname;

  const peak = execFileSync(process.execPath, [program, rig.stateDirectory, join(rig.path, 'clone')], { encoding: 'utf8' });

  expect(segments(rig).reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(232_000_000);
  expect(Number(peak)).toBeGreaterThan(10_000);
  expect(Number(peak) / 1024).toBeLessThan(200);
}, 120_000);
