import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, globSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RolloutPlan } from '../../../src/fleet/rollout/rollout-record.ts';
import { openRecord } from '../../../src/fleet/rollout/rollout-record.ts';
import { openRolloutStore } from '../../../src/fleet/rollout/rollout-store.ts';
import { outcomeWith } from '../../report/fleet-fixture.ts';
import { mountSmall } from '../../support/mount-small.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { commit, rolloutRig, verdicts } from './rollout-rig.ts';

const repository = '/srv/config';
const hosts = ['a', 'b', 'constructor'];
const plan: RolloutPlan = {
  action: 'push',
  commit,
  branch: null,
  tags: [],
  waves: [
    { name: 'w1', hosts: ['a'], bake: 0, mayFail: 0 },
    { name: 'w2', hosts: ['b', 'constructor'], bake: 0, mayFail: 1 },
  ],
};
const fileIn = (directory: string): string => join(directory, globSync('rollout-*/state.json', { cwd: directory })[0]!);

const host = fc.constantFrom(...hosts);
const wave = fc.constantFrom('w1', 'w2');
const step = fc.oneof(
  fc.tuple(fc.constant('begins'), host, fc.string()),
  fc.tuple(fc.constant('answers'), host, fc.string({ unit: 'binary' })),
  fc.tuple(fc.constant('is busy'), host, fc.constant('')),
  fc.tuple(fc.constant('is watched'), wave, fc.constant('')),
  fc.tuple(fc.constant('is done'), wave, fc.constant('')),
  fc.tuple(fc.constant('ends'), fc.constant(''), fc.string()),
);

it('whatever happens in a rollout, what is there of its file at any byte says what had happened up to some moment', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 12 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.uint8Array(),
      (steps, part, noise) => {
        using directory = temporaryDirectory();
        const store = openRolloutStore(directory.path, repository);
        const record = openRecord(plan, undefined, store);
        const file = fileIn(directory.path);
        const moments = [[store.read(), statSync(file).size] as const];
        for (const [what, whom, text] of steps) {
          if (what === 'begins') record.began(whom, text);
          if (what === 'answers') record.pushed(whom, outcomeWith(whom, { message: text }));
          if (what === 'is busy') record.pushed(whom, outcomeWith(whom, { verdict: 'busy' }));
          if (what === 'is watched') record.setWave(whom, { until: '2026-11-21T08:00:00.000Z' });
          if (what === 'is done') record.setWave(whom, { isDone: true });
          if (what === 'ends') record.set({ phase: 'halting', reason: text });
          // What takes the place of the whole file is there or not.
          if (what === 'ends') moments.length = 0;
          moments.push([openRolloutStore(directory.path, repository).read(), statSync(file).size]);
        }
        const size = Math.floor(statSync(file).size * part);
        truncateSync(file, size);
        // A newline less is what the version before wrote.
        const past = moments.findLast(([, end]) => end <= size) ?? moments.find(([, end]) => end === size + 1);
        expect(store.read()).toEqual(past?.[0]);
        appendFileSync(file, noise);
        expect(() => store.read()).not.toThrow();
      },
    ),
    { numRuns: 100 },
  );
});

it('a rollout adds what has happened, and is read as it stands, whatever its hosts are called', () => {
  using directory = temporaryDirectory();
  const store = openRolloutStore(directory.path, repository);
  const record = openRecord(plan, undefined, store);
  const file = fileIn(directory.path);
  const begin = readFileSync(file, 'utf8');
  record.began('constructor', 'run-1');
  record.pushed('constructor', outcomeWith('constructor', { verdict: 'unreachable' }));
  record.change('constructor', { isTakenBack: true });
  record.setWave('w2', { isDone: true });

  expect(readFileSync(file, 'utf8')).toMatch(begin);
  const left = store.read()!;
  expect(left).toMatchObject({ begun: { constructor: 'run-1' }, waves: [{ isDone: false }, { isDone: true }] });
  expect(Object.entries(left.hosts)).toMatchObject([['constructor', { standing: 'failed', run: 'run-1', isTakenBack: true }]]);
  record.set({ phase: 'finished' });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...left, phase: 'finished' });
});

it('a rollout that the version before was ended in goes on', async () => {
  using directory = temporaryDirectory();
  const rig = rolloutRig(directory.path);
  rig.whenPushed = (name) => void (name === 'b' && rig.interrupt.abort());
  const waves = [{ hosts: ['a'] }, { hosts: ['b'] }];
  await rig.run(waves);
  // As it wrote it.
  writeFileSync(fileIn(directory.path), JSON.stringify(rig.store.read()));

  const again = rolloutRig(directory.path);
  expect(verdicts(await again.run(waves))).toBe('a: converged, b: converged');
  expect(again.asked).toEqual(['push b', 'check b']);
});

it('a rollout on a full disk says so, and has lost nothing when there is room again', ({ skip }) => {
  using disk = mountSmall('size=64k,mode=700', skip);
  const store = openRolloutStore(disk.path, repository);
  const record = openRecord(plan, undefined, store);
  record.began('a', 'run-a');
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk.path, 'fill')}`, 'bs=1k']);
  const answer = (message: string): void => record.pushed('b', outcomeWith('b', { message }));

  expect(() => {
    for (let length = 1; length < 100; length += 1) answer('x'.repeat(999));
  }).toThrow('ENOSPC');
  const left = store.read();
  expect(left).toMatchObject({ begun: { a: 'run-a' } });
  expect(() => answer('y')).toThrow('ENOSPC');
  expect(store.read()).toEqual(left);
  rmSync(join(disk.path, 'fill'));
  record.began('b', 'run-b');
  expect(store.read()).toMatchObject({ begun: { a: 'run-a', b: 'run-b' }, hosts: { b: { message: 'y' } } });
});

it('a rollout whose process is killed has what was durable, and others read it all the while', async () => {
  using directory = temporaryDirectory();
  const code = `
    import { openRecord } from '${import.meta.resolve('../../../src/fleet/rollout/rollout-record.ts')}';
    import { openRolloutStore } from '${import.meta.resolve('../../../src/fleet/rollout/rollout-store.ts')}';
    const store = openRolloutStore('${directory.path}', '${repository}');
    const record = openRecord(${JSON.stringify(plan)}, undefined, store);
    for (let count = 1; ; count += 1) {
      record.began('h' + count, 'run');
      console.log(count);
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const store = openRolloutStore(directory.path, repository);
  const known = (): number => Object.keys(store.read()!.begun!).length;
  let durable = 0;
  for await (const line of createInterface(child.stdout)) {
    durable = Number(line);
    expect(known()).toBeGreaterThanOrEqual(durable);
    if (durable === 50) child.kill('SIGKILL');
  }

  expect(known()).toBeGreaterThanOrEqual(durable);
  const { begun } = store.read()!;
  expect(Object.keys(begun!)).toEqual(Object.keys(begun!).map((_name, index) => `h${index + 1}`));
});
