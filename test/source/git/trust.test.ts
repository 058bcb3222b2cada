import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Memory } from '../../../src/model/reporter.ts';
import { resetTrust } from '../../../src/source/git/trust-memory.ts';
import { openAgentState } from '../../../src/state/agent-state.ts';
import { openFollowRig, textOf, type FollowRig } from './follow-rig.ts';

const site = 'desired-state/site.yaml';

/** Applies what is newest. */
async function applyNewest(rig: FollowRig, testing = false): Promise<string> {
  const { commit } = await rig.look({ testing_branch: testing });
  await rig.open().accept(commit!);
  return commit!;
}

it('history that was rewritten is refused until somebody on the host says that it is meant', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'base' });
  const good = (rig.push({ [site]: 'good' }), await applyNewest(rig));
  rig.git('reset', '--quiet', '--hard', 'HEAD~1');
  const forged = rig.push({ [site]: 'forged' });

  const refused = await rig.look();

  expect(refused).toMatchObject({ state: 'refused', commit: good, seen: forged, problem: { code: 'history-rewritten' } });
  expect(refused.problem!.hint).toContain(`reconcile trust reset --to ${forged}`);
  expect(textOf(refused)).toBe('good');
  using state = openAgentState(rig.stateDirectory);
  resetTrust(state.memory('source'), rig.stateDirectory, forged);
  expect(await rig.look()).toMatchObject({ state: 'fetched', commit: forged });
});

it('a commit that names what was applied as its parent below its header is not on top of it', async () => {
  using rig = openFollowRig();
  const good = (rig.push({ [site]: 'good' }), await applyNewest(rig));
  rig.git('checkout', '--quiet', '--orphan', 'other');
  rig.commit({ [site]: 'forged' });
  const file = join(rig.path, 'object');
  writeFileSync(file, `${rig.git('cat-file', 'commit', 'HEAD')}\n`.replace(/^committer .*$/m, `$&\nparent ${good}`));
  const forged = rig.git('hash-object', '-t', 'commit', '-w', file);
  rig.git('push', '--quiet', '--force', 'origin', `${forged}:main`);

  expect(await rig.look()).toMatchObject({ state: 'refused', commit: good, problem: { code: 'history-rewritten' } });
});

it('what a person says while a look is at work counts, and is not lost', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'base' });
  rig.push({ [site]: 'good' });
  await applyNewest(rig);
  rig.git('reset', '--quiet', '--hard', 'HEAD~1');
  const forged = rig.push({ [site]: 'forged' });
  using state = openAgentState(rig.stateDirectory);
  const kept = state.memory('source');
  let isFirst = true;
  const memory: Memory = {
    ...kept,
    get(name) {
      const value = kept.get(name);
      if (name === 'trust' && isFirst) {
        isFirst = false;
        resetTrust(kept, rig.stateDirectory, forged);
      }
      return value;
    },
  };

  const look = await rig.open({}, {}, memory).look(new AbortController().signal);

  expect(look).toMatchObject({ state: 'fetched', commit: forged });
  expect(await rig.look()).toMatchObject({ state: 'fetched', commit: forged });
});

it('an old revision that is played back is not applied, and told as what it is, with the way to take it', async () => {
  using rig = openFollowRig();
  const old = rig.push({ [site]: 'old' });
  rig.push({ [site]: 'good' });
  const good = await applyNewest(rig);
  rig.git('--git-dir', rig.remote, 'update-ref', 'refs/heads/main', old);

  const look = await rig.look();

  expect(look).toMatchObject({
    state: 'behind',
    commit: good,
    seen: null,
    remote: rig.remote,
    problem: { code: 'old-revision' },
  });
  expect(look.problem!.message).toBe(
    `${rig.remote}: main at ${old.slice(0, 12)} is older than ${good.slice(0, 12)}, which was applied here`,
  );
  expect(look.problem!.hint).toContain(`reconcile trust reset --to ${old}`);
  expect(textOf(look)).toBe('good');
  using state = openAgentState(rig.stateDirectory);
  resetTrust(state.memory('source'), rig.stateDirectory, old);
  expect(await rig.look()).toMatchObject({ state: 'fetched', commit: old });
});

it('of several remotes one that is behind is passed over, and none of them makes a host go back', async () => {
  using rig = openFollowRig();
  const old = rig.push({ [site]: 'old' });
  const behind = join(rig.path, 'behind.git');
  rig.git('clone', '--quiet', '--bare', rig.remote, behind);
  const good = (rig.push({ [site]: 'good' }), await applyNewest(rig));

  expect(await rig.look({ urls: [behind, rig.remote] })).toMatchObject({ state: 'fetched', commit: good, remote: rig.remote });
  const newer = rig.push({ [site]: 'newer' });
  expect(await rig.look({ urls: [behind, rig.remote] })).toMatchObject({ state: 'fetched', commit: newer, remote: rig.remote });
  await applyNewest(rig);
  for (const urls of [
    ['/nowhere/config.git', behind],
    [behind, '/nowhere/config.git'],
  ]) {
    const look = await rig.look({ urls });
    expect(look).toMatchObject({ state: 'behind', commit: newer, seen: null, remote: behind, problem: { code: 'old-revision' } });
    expect(look.problem!.message).toContain(`${behind}: main at ${old.slice(0, 12)} is older than ${newer.slice(0, 12)}`);
    expect(look.problem!.message).toContain('/nowhere/config.git: it is no git repository');
  }
});

it('a testing branch on top of what is older than what was applied is not taken', async () => {
  using rig = openFollowRig();
  const old = rig.push({ [site]: 'old' });
  const good = (rig.push({ [site]: 'good' }), await applyNewest(rig));
  rig.git('--git-dir', rig.remote, 'update-ref', 'refs/heads/main', old);
  rig.git('checkout', '--quiet', '-b', 'testing-box', old);
  rig.push({ [site]: 'tried' });

  const look = await rig.look({ testing_branch: true });

  expect(look).toMatchObject({ state: 'behind', commit: good });
  expect(look.problem!.message).toContain(`what testing-box stands on, ${old.slice(0, 12)}, is older than ${good.slice(0, 12)}`);
});

it('what was never applied may be taken back', async () => {
  using rig = openFollowRig();
  const good = (rig.push({ [site]: 'good' }), await applyNewest(rig));
  rig.push({ [site]: 'bad' });
  await rig.look();
  rig.git('--git-dir', rig.remote, 'update-ref', 'refs/heads/main', good);

  expect(await rig.look()).toMatchObject({ state: 'fetched', commit: good });
});

it('the floor holds with the mirror deleted', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'base' });
  const good = (rig.push({ [site]: 'good' }), await applyNewest(rig));
  rig.git('reset', '--quiet', '--hard', 'HEAD~1');
  rig.push({ [site]: 'forged' });
  rmSync(join(rig.stateDirectory, 'mirror'), { recursive: true });

  expect(await rig.look()).toMatchObject({ state: 'refused', commit: good, problem: { code: 'history-rewritten' } });
});

it('a memory that is gone is not taken for a first run', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'good' });
  await applyNewest(rig);
  rmSync(join(rig.stateDirectory, 'agent.db'));

  expect(await rig.look()).toMatchObject({ state: 'refused', source: undefined, problem: { code: 'trust-lost' } });
});

it('a memory that says something else is trusted in nothing', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'good' });
  await applyNewest(rig);
  using state = openAgentState(rig.stateDirectory);
  state.memory('source').set('trust', { floor: 'HEAD', applied: null, trusted: [] });

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'refused', source: undefined, problem: { code: 'trust-lost' } });
  await expect(rig.open().accept(look.commit ?? '')).rejects.toThrow('cannot be told');
});

it('a mirror that knows more than the memory stops everything', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'good' });
  await applyNewest(rig);
  const later = rig.push({ [site]: 'later' });
  await rig.look();
  writeFileSync(join(rig.stateDirectory, 'mirror/refs/agent/floor'), `${later}\n`);

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'refused', source: undefined, problem: { code: 'trust-lost' } });
  expect(look.problem!.hint).toContain('reconcile trust reset --to SHA');
});

it('a mirror that a power cut left behind catches up', async () => {
  using rig = openFollowRig();
  const first = (rig.push({ [site]: 'good' }), await applyNewest(rig));
  const second = (rig.push({ [site]: 'later' }), await applyNewest(rig));
  writeFileSync(join(rig.stateDirectory, 'mirror/refs/agent/floor'), `${first}\n`);

  expect(await rig.look()).toMatchObject({ state: 'fetched', commit: second });
  expect(rig.git('--git-dir', join(rig.stateDirectory, 'mirror'), 'rev-parse', 'refs/agent/floor')).toBe(second);
});

it('the testing branch of the host is followed while it stands on top of the branch', async () => {
  using rig = openFollowRig();
  const main = rig.push({ [site]: 'main' });
  rig.git('checkout', '--quiet', '-b', 'testing-box');
  const tried = rig.push({ [site]: 'tried' });

  expect(await rig.look({ testing_branch: true })).toMatchObject({ commit: tried, branch: 'testing-box' });
  expect(await rig.look({ testing_branch: false })).toMatchObject({ commit: main, branch: 'main' });
  rig.git('checkout', '--quiet', 'main');
  const moved = rig.push({ [site]: 'moved on' });
  expect(await rig.look({ testing_branch: true })).toMatchObject({ commit: moved, branch: 'main' });
});

it('a testing branch that was applied may be rewritten and deleted, and the branch below it may not', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'base' });
  const main = rig.push({ [site]: 'main' });
  rig.git('checkout', '--quiet', '-b', 'testing-box');
  rig.push({ [site]: 'tried' });
  await applyNewest(rig, true);
  rig.git('reset', '--quiet', '--hard', main);
  const again = rig.push({ [site]: 'tried again' });

  expect(await rig.look({ testing_branch: true })).toMatchObject({ state: 'fetched', commit: again });
  rig.git('push', '--quiet', 'origin', '--delete', 'testing-box');
  expect(await rig.look({ testing_branch: true })).toMatchObject({ state: 'fetched', commit: main });
  rig.git('checkout', '--quiet', 'main');
  rig.git('reset', '--quiet', '--hard', 'HEAD~1');
  rig.push({ [site]: 'forged' });
  expect(await rig.look({ testing_branch: true })).toMatchObject({ state: 'refused', problem: { code: 'history-rewritten' } });
});
