import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeSuspension } from '../../src/state/suspension.ts';
import { takeLock } from '../../src/state/lock.ts';
import { openVisitRig, type VisitRig } from './visit-rig.ts';

vi.setConfig({ testTimeout: 60_000 });

let host: VisitRig;
beforeEach(() => {
  host = openVisitRig();
});
afterEach(() => host[Symbol.dispose]());

describe('a revision that is pushed', () => {
  it('is applied, and the next one needs only what is new', async () => {
    const one = host.commit('one');
    const first = await host.visit('converge', one);
    const two = host.commit('two');
    const second = await host.visit('converge', two);

    expect(first).toMatchObject({ exit: 0, greeting: { host: 'box', commits: [], status: null }, stderr: '' });
    expect(first.last).toMatchObject({
      type: 'finished',
      report: { outcome: 'converged', revision: { commit: one, branch: 'main' } },
    });
    expect(second).toMatchObject({ exit: 0, greeting: { commits: [one] } });
    expect(second.events.map(({ type }) => type)).toEqual(['run-started', 'planned', 'applying', 'verifying', 'finished']);
    expect(host.motd()).toBe('two');
    expect(host.leftovers()).toEqual([]);
  });

  it('that is applied already needs nothing of git', async () => {
    const one = host.commit('one');
    await host.visit('converge', one);
    rmSync(join(host.state, 'mirror/objects'), { recursive: true });

    const again = await host.visit('converge', one);
    writeFileSync(join(host.base, 'motd'), 'edited');
    const checked = await host.visit('check', one);
    const healed = await host.visit('converge', one);

    expect(again.last).toMatchObject({ report: { outcome: 'converged', writes: 0 } });
    expect(checked).toMatchObject({ exit: 3, last: { report: { outcome: 'driftOnly' } } });
    expect(healed.last).toMatchObject({ report: { outcome: 'converged', writes: 1 } });
    expect(host.motd()).toBe('one');
  });

  it('and whose kept files are damaged is kept anew', async () => {
    const one = host.commit('one');
    await host.visit('converge', one);
    const manifest = join(host.state, 'revisions', `${one}.json`);
    const bytes = readFileSync(manifest);
    writeFileSync(manifest, bytes.subarray(0, -10));
    writeFileSync(join(host.base, 'motd'), 'edited');

    const healed = await host.visit('converge', one);

    expect(healed).toMatchObject({ exit: 0, last: { report: { outcome: 'converged', writes: 1 } } });
    expect(readFileSync(manifest)).toHaveLength(bytes.length);
  });

  it('is only applied with the plan that was looked at', async () => {
    await host.visit('converge', host.commit('one'));
    const two = host.commit('two');
    const checked = await host.visit('check', two);
    const { planDigest } = checked.last.type === 'finished' ? checked.last.report : {};

    const stale = await host.visit('converge', two, { order: { planDigest: 'sha256:other' } });
    const done = await host.visit('converge', two, { order: { planDigest } });
    // As one does whose connection was lost before it heard of it.
    const again = await host.visit('converge', two, { order: { planDigest } });

    expect(stale).toMatchObject({ exit: 7, last: { report: { outcome: 'refused', problems: [{ code: 'stale-plan' }] } } });
    expect(done).toMatchObject({ exit: 0, last: { report: { outcome: 'converged', planDigest } } });
    expect(again).toMatchObject({ exit: 0, last: { report: { outcome: 'converged', writes: 0 } } });
    expect(host.motd()).toBe('two');
  });

  it('that fails is taken back, and neither a look at it nor the next push says otherwise', async () => {
    const one = host.commit('one');
    await host.visit('converge', one);
    const bad = host.commit('bad', `- { kind: command, name: fails, argv: ["/bin/false"], creates: "{{ base }}/never" }`);

    const failed = await host.visit('converge', bad);
    const checked = await host.visit('check', bad);
    const again = await host.visit('converge', bad);

    expect(failed).toMatchObject({ exit: 6, last: { report: { outcome: 'rolledBack' } } });
    expect(host.motd()).toBe('one');
    for (const each of [checked, again])
      expect(each).toMatchObject({ exit: 7, last: { report: { outcome: 'refused', problems: [{ code: 'quarantined' }] } } });
    expect(await host.visit('converge', host.commit('good', ''))).toMatchObject({ exit: 0 });
    expect(host.motd()).toBe('good');
  });

  it('for some tags is no revision that later ones must be on top of', async () => {
    const one = host.commit('one', '- { kind: file, path: "{{ base }}/other", content: "", tags: [other] }');
    const { exit } = await host.visit('converge', one, { order: { tags: ['other'] } });
    host.git('checkout', '--quiet', '--orphan', 'elsewhere');

    expect(exit).toBe(0);
    expect(host.motd()).toBeUndefined();
    expect(await host.visit('converge', host.commit('two'))).toMatchObject({ exit: 0 });
  });
});

describe('a look at a revision', () => {
  it('changes nothing, neither on the host nor in what it trusts', async () => {
    await host.visit('converge', host.commit('one'));
    const before = host.remembered();

    const looked = await host.visit('check', host.commit('two', '- { kind: directory, path: "{{ base }}/more" }'));

    expect(looked).toMatchObject({ exit: 2, last: { report: { outcome: 'upstreamPending', counts: { create: 1, update: 1 } } } });
    expect(host.remembered()).toEqual(before);
    expect(host.leftovers()).toEqual([]);
    expect(host.motd()).toBe('one');
  });

  it('is possible on a host that has nothing yet, again and again', async () => {
    const one = host.commit('one');

    for (const _ of [1, 2]) {
      expect(await host.visit('check', one)).toMatchObject({ exit: 2, greeting: { commits: [] } });
      expect(host.motd()).toBeUndefined();
    }
  });

  it('at one that could not be applied says so', async () => {
    await host.visit('converge', host.commit('one'));
    const before = host.remembered();
    host.git('checkout', '--quiet', '--orphan', 'elsewhere');

    const looked = await host.visit('check', host.commit('forged'));

    expect(looked).toMatchObject({ exit: 7, last: { type: 'declined', exit: 'refused' } });
    expect(host.remembered()).toEqual(before);
  });
});

describe('a host that is to be left alone', () => {
  it('takes nothing while it is suspended', async () => {
    const one = host.commit('one');
    writeSuspension(host.state, { reason: 'disk', by: 'ada', until: '2099-01-01T00:00:00.000Z' });

    const told = await host.visit('converge', one);

    expect(told).toMatchObject({
      exit: 5,
      last: { report: { outcome: 'busy', summary: expect.stringContaining('disk') as string } },
    });
    expect(host.motd()).toBeUndefined();
    expect(await host.visit('check', one)).toMatchObject({ exit: 2, greeting: { commits: [] } });
  });

  it('says so while another run is at work, and the next push is applied', async () => {
    await host.visit('converge', host.commit('one'));
    const two = host.commit('two');
    const lock = takeLock(host.state);

    const told = await host.visit('converge', two);
    lock!.release();

    expect(told).toMatchObject({ exit: 5, last: { report: { outcome: 'busy' } } });
    expect(await host.visit('converge', two)).toMatchObject({ exit: 0 });
    expect(host.motd()).toBe('two');
  });
});
