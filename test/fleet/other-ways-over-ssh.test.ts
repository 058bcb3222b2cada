import { expect, it } from 'vitest';
import { startSshFleet } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';

it.skipIf(whyNoSsh !== undefined)(
  'a host whose address is a template is reached, and one that is not reached over SSH keeps nobody from the others',
  async () => {
    await using fleet = await startSshFleet(['a', 'b']);
    fleet.commit({
      'desired-state/site.yaml': 'assignments: []\n',
      'inventory/host_vars/a.yml': 'last: 1\nansible_host: "127.0.0.{{ last }}"\n',
      'inventory/host_vars/b.yml': 'ansible_connection: local\n',
    });

    const { exit, hosts } = await fleet.report('check');

    expect([exit, hosts]).toMatchObject([
      3,
      [
        { host: 'a', verdict: 'converged' },
        {
          host: 'b',
          verdict: 'unreachable',
          message: '"ansible_connection" of b is "local"; only SSH is spoken here',
          hint: 'on b itself: reconcile; --limit "all:!b" leaves it out',
          attempts: 1,
        },
      ],
    ]);
  },
);

const option = '-oProxyCommand=touch /tmp/taken';

it.skipIf(whyNoSsh !== undefined)(
  'a host whose name or address is an option of ssh is refused, and the others are as without it',
  async () => {
    await using fleet = await startSshFleet(['a', 'b']);
    fleet.commit({
      'desired-state/site.yaml': 'assignments: []\n',
      'inventory/host_vars/b.yml': `ansible_host: "${option}"\n`,
    });

    const push = await fleet.report('push');
    expect([push.exit, push.hosts]).toMatchObject([
      65,
      [
        { host: 'a', verdict: 'converged' },
        {
          host: 'b',
          verdict: 'invalid',
          message: expect.stringMatching(
            /^inventory\/host_vars\/b\.yml:1:15 {2}"ansible_host" of b: expected a host name/,
          ) as string,
          hint: 'reconcile validate shows everything; --limit "all:!b" leaves it out',
        },
      ],
    ]);

    fleet.commit({ 'inventory/host_vars/b.yml': '{}\n', 'inventory/more.yml': `all: {hosts: {"${option}": }}\n` });
    const status = await fleet.report('status');
    expect([status.exit, status.hosts.map(({ host, verdict }) => [host, verdict])]).toEqual([
      65,
      [
        ['a', 'converged'],
        ['b', 'upstreamPending'],
        [option, 'invalid'],
      ],
    ]);
    const refused = fleet.reach('push');
    const { exit, stderr } = await refused.ended;
    expect([exit, refused.events]).toEqual([65, []]);
    expect(stderr).toMatch(/no host was touched:\ninventory.more.yml:1:15 /);
  },
);
