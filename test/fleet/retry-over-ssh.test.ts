import { expect, it } from 'vitest';
import { startSshFleet, type Operator } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';

const failing = 'assignments:\n  - hosts: b:c\n    resources: [{ kind: command, argv: ["false"], creates: /nonexistent }]\n';

const reached = async ({ events, ended }: Operator): Promise<readonly string[]> => {
  await ended;
  return events.flatMap((event) => (event.type === 'connecting' ? [event.host] : [])).sort();
};

it.skipIf(whyNoSsh !== undefined)(
  '--retry-failed goes to whom pushes have left, whatever was looked at since, and whoever was pushed to alone',
  { timeout: 120_000 },
  async () => {
    await using fleet = await startSshFleet(['a', 'b', 'c']);
    fleet.commit({ 'desired-state/site.yaml': failing });
    expect((await fleet.operate('push', '--retry-failed').ended).stderr).toContain('leave --retry-failed out');
    expect((await fleet.report('push')).exit).toBe(6);
    await fleet.operate('status', '--limit', 'a').ended;
    await fleet.operate('run', '--limit', 'a', '--', 'true').ended;
    fleet.commit({ 'desired-state/site.yaml': 'assignments: []\n' });

    expect(await reached(fleet.reach('check', '--retry-failed'))).toEqual(['b', 'c']);
    expect((await fleet.report('push', '--limit', 'b')).exit).toBe(0);
    expect(await reached(fleet.reach('push', '--retry-failed'))).toEqual(['c']);
    expect((await fleet.operate('push', '--retry-failed').ended).stderr).toContain('none was left undone');
  },
);

it.skipIf(whyNoSsh !== undefined)('--retry-failed goes to whom a push was to reach that was killed', async () => {
  await using fleet = await startSshFleet(['a', 'b']);
  fleet.commit({ 'desired-state/site.yaml': 'assignments: []\n' });
  fleet.pretend('b', 'exec cat > /dev/null');
  const push = fleet.reach('push');
  await push.event((event) => event.type === 'host-finished');
  push.child.kill('SIGKILL');
  await push.ended;
  fleet.pretend('b', 'exec "${0%/b/bin/reconcile}/bin/reconcile" "$@"');

  expect(await reached(fleet.reach('push', '--retry-failed'))).toEqual(['a', 'b']);
  expect((await fleet.operate('push', '--retry-failed').ended).stderr).toContain('none was left undone');
});
