import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { longestOrder } from '../../src/model/visit.ts';
import { openVisitRig, type VisitRig } from './visit-rig.ts';

vi.setConfig({ testTimeout: 60_000 });

let host: VisitRig;
let one: string;
beforeEach(async () => {
  host = openVisitRig();
  one = host.commit('one');
  await host.visit('converge', one);
});
afterEach(() => {
  expect(host.motd()).toBe('one');
  expect(host.leftovers()).toEqual([]);
  host[Symbol.dispose]();
});

const declined = (exit: string, message: string): object => ({
  last: { type: 'declined', exit, message: expect.stringContaining(message) as string },
});

describe('a revision that may not be applied', () => {
  it('is an older one', async () => {
    const two = host.commit('two');
    const three = host.commit('one', '- { kind: directory, path: "{{ base }}/three" }');
    await host.visit('converge', three);

    const told = await host.visit('converge', two);

    expect(told).toMatchObject({ exit: 7, ...declined('refused', `main at ${two.slice(0, 12)} is older than`) });
    expect(told.last).toMatchObject({ hint: `if going back is meant, on this host: reconcile trust reset --to ${two}` });
    expect(await host.visit('converge', three)).toMatchObject({ exit: 0 });
  });

  it('is one of another history', async () => {
    const before = host.remembered();
    host.git('checkout', '--quiet', '--orphan', 'elsewhere');

    const told = await host.visit('converge', host.commit('forged'));

    expect(told).toMatchObject({ exit: 7, ...declined('refused', 'history was rewritten') });
    expect((host.remembered() as { memory: unknown }).memory).toEqual((before as { memory: unknown }).memory);
  });

  it('is one without the signature that the host asks for', async () => {
    const signers = join(host.path, 'signers');
    writeFileSync(signers, 'ada@machine.example ssh-ed25519 AAAA\n', { mode: 0o600 });
    host.policy({ trust: { verify: 'every', allowed_signers: signers } });
    const two = host.commit('two');

    const told = await host.visit('converge', two);

    expect(told).toMatchObject({ exit: 7, ...declined('refused', `commit ${two.slice(0, 12)} is not signed`) });
  });

  it('is one with a link among its files', async () => {
    host.commit('two');
    symlinkSync('/etc/passwd', join(host.path, 'clone/desired-state/passwd'));

    const told = await host.visit('converge', host.commit('three'));

    expect(told).toMatchObject({ exit: 7, ...declined('refused', 'desired-state/passwd:1:1  not a regular file') });
  });

  it('is one with an object that git refuses', async () => {
    const blob = host.git('rev-parse', 'HEAD:desired-state/site.yaml');
    writeFileSync(join(host.path, 'tree'), Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')]));
    const tree = host.git('hash-object', '-t', 'tree', '-w', '--literally', join(host.path, 'tree'));
    const commit = host.git('commit-tree', '-p', one, '-m', 'hostile', tree);

    const told = await host.visit('converge', commit);

    expect(told).toMatchObject({ exit: 7, ...declined('refused', 'it sends objects that git refuses') });
  });

  it('is one for another host', async () => {
    const told = await host.visit('converge', host.commit('two'), { order: { host: 'ezra' } });

    expect(told).toMatchObject({ exit: 7, ...declined('refused', 'this machine is box, not ezra') });
  });

  it('is any, on a host whose own policy cannot be read', async () => {
    const two = host.commit('two');
    host.policy({ trust: { verify: 'maybe' } });

    const told = await host.visit('converge', two);

    expect(told).toMatchObject({ exit: 65, greeting: { host: null }, ...declined('invalid', 'the host policy has problems') });
  });
});

describe('a bundle', () => {
  it('that is cut is not taken, and the next push is applied', async () => {
    const two = host.commit('one', '- { kind: directory, path: "{{ base }}/two" }');
    const bundle = host.bundle(two, [one]);

    const told = await host.visit('converge', two, { bundle: bundle.subarray(0, -20), order: { bundle: bundle.length } });

    expect(told).toMatchObject({
      exit: 1,
      ...declined('error', `the bundle was cut: ${bundle.length - 20} of its ${bundle.length} bytes came`),
    });
    expect(await host.visit('converge', two)).toMatchObject({ exit: 0 });
    expect(readdirSync(host.base)).toEqual(['motd', 'two']);
  });

  it('that is damaged is not taken, and the next push brings everything', async () => {
    const two = host.commit('one', '- { kind: directory, path: "{{ base }}/two" }');
    const bundle = host.bundle(two, [one]);
    bundle[bundle.length - 30]! ^= 0xff;

    const told = await host.visit('converge', two, { bundle });
    const next = await host.visit('converge', two);

    expect(told).toMatchObject({ exit: 1, ...declined('error', 'the bundle cannot be taken') });
    expect(next).toMatchObject({ exit: 0 });
  });

  it('that stands on what the host has lost is not taken, and the next push brings everything', async () => {
    const two = host.commit('two');
    const three = host.commit('one', '- { kind: directory, path: "{{ base }}/three" }');

    const told = await host.visit('converge', three, { bundle: host.bundle(three, [two]) });
    const next = await host.visit('converge', three);

    expect(told).toMatchObject({ exit: 1, ...declined('error', 'stands on commits that are not on this host') });
    expect(next).toMatchObject({ exit: 0, greeting: { commits: [] } });
    expect(await host.visit('converge', three)).toMatchObject({ exit: 0, greeting: { commits: [three] } });
  });

  it('of something else is not taken', async () => {
    const two = host.commit('two');
    const three = host.commit('three');

    expect(await host.visit('converge', three, { bundle: host.bundle(two) })).toMatchObject({
      exit: 1,
      ...declined('error', `the bundle does not bring ${three}`),
    });
    expect(await host.visit('converge', three, { bundle: Buffer.from('MZ\n\n') })).toMatchObject({
      exit: 1,
      ...declined('error', 'what was sent is not a git bundle'),
    });
  });

  it('that is not there is missed', async () => {
    const two = host.commit('two');

    const told = await host.visit('converge', two, { bundle: Buffer.of() });

    expect(told).toMatchObject({ exit: 1, ...declined('error', `this host does not have ${two}`) });
  });
});

describe('an order', () => {
  it.each([
    ['missing', '', 'no order came'],
    ['no JSON', 'push it\n', 'what came is no order'],
    ['endless', 'x'.repeat(longestOrder * 4), 'no line of at most 65536 bytes'],
  ])('that is %s is wrong usage', async (_title, sent, message) => {
    const told = await host.send(Buffer.from(sent));

    expect(told).toMatchObject({ exit: 64, stderr: '', ...declined('usage', message) });
    expect(told.events).toHaveLength(1);
  });
});
