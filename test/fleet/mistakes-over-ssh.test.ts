import { expect, it, vi } from 'vitest';
import { startSshFleet } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';

vi.setConfig({ testTimeout: 120_000 });

const rollout = 'waves: [{ name: canary, hosts: a, bake: 0s }, { name: last, hosts: c, bake: 0s }]\n';
const siteOf = (hosts: string, content: string): string =>
  `assignments:\n  - hosts: ${hosts}\n    resources: [{ kind: file, path: /nonexistent/x, content: "${content}" }]\n`;

it.skipIf(whyNoSsh !== undefined)(
  'a mistake that only hosts of the last wave have is refused before the first is touched',
  async () => {
    await using fleet = await startSshFleet(['a', 'b', 'c']);
    fleet.commit({ 'desired-state/site.yaml': siteOf('b:c', '{{ nope }}'), 'desired-state/rollout.yaml': rollout });

    const push = fleet.reach('push');
    const { exit, stderr } = await push.ended;

    expect(exit).toBe(65);
    expect(stderr).toContain(
      'no host was touched:\ndesired-state/site.yaml:3:62  "nope" is undefined (only b, c) [undefined-variable]\n',
    );
    expect(stderr).toContain('hint: --limit leaves these hosts out');
    expect(push.events.map(({ type }) => type)).not.toContain('connecting');
    expect((await fleet.report('push', '--limit', 'a')).exit).toBe(0);
  },
);

it.skipIf(whyNoSsh !== undefined)('what only the hosts know is left to them', async () => {
  await using fleet = await startSshFleet(['a']);
  const fact = "{{ {'none': 'x'}[facts.os] }}";
  fleet.commit({
    'desired-state/site.yaml': siteOf('a', fact),
    'inventory/group_vars/all.yml': 'nested: "{{ facts.nope }}{{ facts.home }}"\n',
    'desired-state/rollout.yaml': 'waves: [{ name: all, hosts: a, bake: 0s }]\n',
  });

  const { exit, hosts } = await fleet.report('push');

  expect([exit, hosts[0]]).toMatchObject([65, { verdict: 'invalid', message: expect.stringContaining('has no key') as string }]);
});

it.skipIf(whyNoSsh !== undefined)('what a sparse checkout lacks is no mistake', async () => {
  await using fleet = await startSshFleet(['a']);
  fleet.commit({
    'desired-state/site.yaml': 'assignments: [{ hosts: a, roles: [web] }]\n',
    'roles/web/role.yaml': `summary: x\nresources: [{ kind: file, path: "${fleet.base}/x", content: x }]\n`,
    'desired-state/rollout.yaml': 'waves: [{ name: all, hosts: a, bake: 0s }]\n',
  });
  fleet.git('sparse-checkout', 'set', '--no-cone', '/desired-state/', '/inventory/');

  expect((await fleet.report('push')).exit).toBe(0);
  expect(fleet.read('a', 'x')).toBe('x');
});
