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
