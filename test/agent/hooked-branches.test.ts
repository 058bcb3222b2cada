import { expect, it, vi } from 'vitest';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

it.each([
  ['a branch', { branch: 'prod' }, 'refs/heads/prod'],
  ['its testing branch', { branch: 'prod', testing_branch: true }, 'refs/heads/testing-box'],
  ['a tag', { tag: 'stable' }, 'refs/tags/stable'],
])('a hook that names no branches is for what the host follows: %s', async (_what, remote, ref) => {
  await using scene = await openScene({ remote });
  const { git } = scene.rig;
  git('checkout', '--quiet', '-b', 'prod');
  const first = scene.push('one');
  git('push', '--quiet', '--force', 'origin', `HEAD:${ref}`);
  await using agent = scene.start();
  await agent.line(({ commit, outcome }) => commit === first && outcome === 'converged');

  const second = scene.commit('two');
  git('push', '--quiet', '--force', 'origin', `HEAD:${ref}`);
  const done = agent.next(({ commit }) => commit === second);
  expect((await scene.deliver(second, 'refs/heads/other')).status).toBe(204);
  expect((await scene.deliver(second, ref)).status).toBe(202);

  expect((await done).outcome).toBe('converged');
  expect(scene.motd()).toBe('two\n');
});
