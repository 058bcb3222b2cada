import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { Memory } from '../../../src/model/reporter.ts';
import { acceptConfirmed } from '../../../src/source/git/accept-pushed.ts';
import { followPushed } from '../../../src/source/git/follow-pushed.ts';
import { takePushed, tryPushed, type Pushed } from '../../../src/source/git/take-pushed.ts';
import { openAgentState } from '../../../src/state/agent-state.ts';
import { never, openFollowRig, textOf } from './follow-rig.ts';

vi.setConfig({ testTimeout: 30_000 });

/** A host without a remote, to which commits of a rig can be pushed. */
function openHost() {
  const rig = openFollowRig();
  const { stateDirectory: directory } = rig;
  const state = openAgentState(directory);
  const rules = { directory, trust: { verify: 'off' }, memory: state.memory('source') } as const;
  const send = (text: string): Pushed => {
    const commit = rig.commit({ 'desired-state/site.yaml': text });
    const bundle = join(rig.path, 'sent.bundle');
    rig.git('branch', '--force', 'sent', commit);
    rig.git('bundle', 'create', '--quiet', bundle, 'sent');
    return { ...rules, commit, branch: 'main', bundle };
  };
  const push = async (text: string) => {
    const pushed = send(text);
    const taken = await takePushed(pushed, never);
    if ('type' in taken) throw new Error(taken.message);
    return { commit: pushed.commit, ...taken };
  };
  /** As a check does, which leaves nothing here. */
  const tryOut = async (text: string) => {
    const source = await tryPushed(send(text), join(rig.path, 'tried'), never);
    if ('type' in source) throw new Error(source.message);
    return source;
  };
  const close = (): void => {
    state.close();
    rig[Symbol.dispose]();
  };
  return { directory, rules, send, push, tryOut, look: () => followPushed(rules).look(never), [Symbol.dispose]: close };
}

it('there is nothing to follow before the first push', async () => {
  using host = openHost();

  expect(await host.look()).toMatchObject({ state: 'fetched', commit: null, remote: null, problem: { code: 'not-pushed' } });
});

it('what was pushed is followed once it was accepted, not before', async () => {
  using host = openHost();
  const one = await host.push('one');
  const before = await host.look();
  await one.accept();
  const two = await host.push('two');

  const look = await host.look();

  expect(before.source).toBeUndefined();
  expect(look).toMatchObject({ state: 'fetched', commit: one.commit, branch: 'main', seen: one.commit });
  expect(textOf(look)).toBe('one');
  await two.accept();
  expect(textOf(await host.look())).toBe('two');
});

it.each([['first'], ['second']])(
  'while the %s revision is accepted, another one is judged by what is trusted then',
  async (which) => {
    using host = openHost();
    if (which === 'second') await (await host.push('zero')).accept();
    const one = await host.push('one');
    let accepted: Promise<void> | undefined;
    const memory: Memory = {
      ...host.rules.memory,
      get(name) {
        const before = host.rules.memory.get(name);
        accepted ??= one.accept();
        return before;
      },
    };

    const two = await takePushed({ ...host.send('two'), memory }, never);
    await accepted;

    expect(two).toHaveProperty('source');
  },
);

it('what is only looked at is compared with what is kept here', async () => {
  using host = openHost();
  const one = await host.push('one');
  await one.accept();

  const tried = (await host.tryOut('two')).open();

  const enforced = one.source.open();
  expect(tried.changesSince?.(enforced.key)).toMatchObject([{ path: 'desired-state/site.yaml' }]);
  expect(await host.look()).toMatchObject({ commit: one.commit });
});

it('what a person has to confirm is followed from then on', async () => {
  using host = openHost();
  await (await host.push('one')).accept();
  const two = await host.push('two');
  two.acceptLater('run-2');

  await acceptConfirmed(host.rules, 'run-1');
  expect(textOf(await host.look())).toBe('one');
  await acceptConfirmed(host.rules, 'run-2');
  expect(textOf(await host.look())).toBe('two');
});

it('what was kept and is gone has to be pushed again', async () => {
  using host = openHost();
  const { commit, accept } = await host.push('one');
  await accept();
  rmSync(join(host.directory, 'revisions'), { recursive: true });

  expect(await host.look()).toMatchObject({
    state: 'fetched',
    commit: null,
    problem: { code: 'not-pushed', message: `what was kept of ${commit} is gone or damaged: push it again` },
  });
});

it('a memory that has lost what was trusted is followed no more', async () => {
  using host = openHost();
  await (await host.push('one')).accept();
  host.rules.memory.set('trust', undefined);

  expect(await host.look()).toMatchObject({ state: 'refused', problem: { code: 'trust-lost' } });
});

it('a push of several that were judged before another was accepted does not lower what is trusted', async () => {
  using host = openHost();
  const one = await host.push('one');
  const two = await host.push('two');
  await two.accept();
  await one.accept();

  await expect(host.push('three')).resolves.toBeDefined();
  expect(host.rules.memory.get('trust')).toMatchObject({ floor: two.commit, applied: { commit: two.commit } });
  expect(host.rules.memory.get('trust')).toHaveProperty('trusted.0.commit', two.commit);
});

it('what is being applied stays whole while others are pushed and looked at', async () => {
  using host = openHost();
  const one = await host.push('one');
  await one.accept();
  const applying = await host.push('two');
  for (const text of ['three', 'four']) await host.push(text);

  expect(applying.source.open().files.read('desired-state/site.yaml')?.toString()).toBe('two');
  await applying.accept();
  expect(textOf(await host.look())).toBe('two');
});

it('a revision is overtaken by the one after it, until that is taken back', async () => {
  using host = openHost();
  const one = await host.push('one');
  await one.accept();
  const two = await host.push('two');
  await two.accept();
  const follower = followPushed(host.rules);
  expect(follower.isOvertaken(one.commit)).toBe(true);

  follower.forsake(two.commit);

  expect(await host.look()).toMatchObject({ commit: one.commit });
  expect(follower.isOvertaken(one.commit)).toBe(false);
  expect(follower.isOvertaken(two.commit)).toBe(true);
});
