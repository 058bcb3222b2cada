import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FleetEvent, FleetReport } from '../../src/model/fleet.ts';
import { site } from '../support/repository.ts';
import { mountSmall } from '../support/mount-small.ts';
import { startSshFleet, type SshFleet } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';
import { rolloutStatusSchema } from '../../src/report/answer-schemas.ts';
import { expectDocumented } from '../support/documented.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const failing = '- { kind: command, argv: ["false"], creates: /nonexistent/made }\n';
const verdicts = ({ hosts }: FleetReport): string => hosts.map(({ host, verdict }) => `${host}: ${verdict}`).join(', ');
const isBaking = ({ type }: FleetEvent): boolean => type === 'baking';

describe.skipIf(whyNoSsh !== undefined)(`a push in waves over SSH${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  let fleet: SshFleet;
  beforeEach(async () => {
    fleet = await startSshFleet(['a', 'b', 'c']);
  });
  afterEach(() => fleet[Symbol.asyncDispose]());
  const commit = (text: string, { bake = '100ms', more = '' } = {}): string =>
    fleet.commit({
      'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "${text}\\n" }\n${more}`),
      'desired-state/rollout.yaml': `waves:\n  - { name: canary, hosts: a, bake: ${bake} }\n  - { name: half, hosts: b, bake: 0s }\n`,
    });
  const motds = (): readonly (string | undefined)[] => ['a', 'b', 'c'].map((host) => fleet.read(host, 'motd'));

  it('converges all hosts; of a bad revision only the canary hears, and is as before', async () => {
    commit('one');
    const good = await fleet.report('push');
    expect(verdicts(good)).toBe('a: converged, b: converged, c: converged');
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);

    commit('two', { more: failing });
    const bad = await fleet.report('push');
    expect(verdicts(bad)).toBe('a: rolledBack, b: halted, c: halted');
    expect(bad).toMatchObject({ halted: '1 of 1 hosts failed in wave canary', exit: 6 });
    expect(bad.hosts.map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);
  });

  it('takes the revision back from a canary that differs while it is watched', async () => {
    commit('one');
    await fleet.report('push');
    commit('two', { bake: '1s' });
    const push = fleet.reach('push');
    await push.event(isBaking);
    fleet.edit('a', 'motd', 'somebody else\n');
    const { exit } = await push.ended;

    expect(exit).toBe(6);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);
  });

  it('goes on where it was when its process is killed', async () => {
    commit('one', { bake: '2s' });
    const push = fleet.reach('push');
    await push.event(isBaking);
    push.child.kill('SIGKILL');
    await push.ended;
    expect(motds()).toEqual(['one\n', undefined, undefined]);
    const left = await fleet.operate('rollout', 'status').ended;
    expect(left.stdout).toMatch(/left in the middle; reconcile fleet push goes on where it was/);
    expectDocumented(rolloutStatusSchema, (await fleet.operate('rollout', 'status', '-o', 'json').ended).stdout);

    const again = fleet.reach('push');
    await again.ended;
    expect(again.events.flatMap((event) => (event.type === 'connecting' ? [event.host] : []))).toEqual(['b', 'c']);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);
  });

  it('goes on with all of its waves also where only the hosts that are left are asked for', async () => {
    commit('one', { bake: '2s' });
    const push = fleet.reach('push');
    await push.event(isBaking);
    push.child.kill('SIGINT');
    await push.ended;

    const again = fleet.reach('push', '--retry-failed');
    const { exit } = await again.ended;
    expect([exit, again.events.find(isBaking)]).toMatchObject([0, { wave: 'canary' }]);
    expect(again.events.flatMap((event) => (event.type === 'connecting' ? [event.host] : []))).toEqual(['b', 'c']);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);
  });

  it('watches a canary that went on with the revision while nobody heard of it', async () => {
    const slow = `- { kind: command, argv: ["sh", "-c", "sleep 1; touch ${fleet.base}/done"], creates: "${fleet.base}/done" }\n`;
    commit('one', { more: slow });
    const push = fleet.reach('push');
    await push.event((event) => event.type === 'host-event' && event.event.type === 'applying');
    push.child.kill('SIGINT');
    await push.ended;
    let again = fleet.reach('push');
    // Until it has ended there, the host is busy.
    while ((await again.ended).exit !== 0) again = fleet.reach('push');

    const [canary] = again.events.flatMap((event) => (event.type === 'host-finished' ? [event.outcome] : []));
    expect(canary).toMatchObject({ host: 'a', report: { writes: 0 } });
    expect(again.events.some(isBaking)).toBe(true);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);
  });

  it('has nothing to take back from a host that put itself back while nobody heard of it', async () => {
    commit('one');
    await fleet.report('push');
    commit('two', { more: failing.replace('["false"]', '["sh", "-c", "sleep 1; false"]') });
    const push = fleet.reach('push');
    await push.event((event) => event.type === 'host-event' && event.event.type === 'applying');
    push.child.kill('SIGINT');
    await push.ended;
    let again = fleet.reach('push');
    while ((await again.ended).exit === 5) again = fleet.reach('push');

    expect((await again.ended).exit).toBe(6);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);
  });

  it('waits while it is paused at another terminal, and ends when it is aborted there', async () => {
    commit('one', { bake: '4s' });
    const push = fleet.reach('push');
    await push.event(isBaking);
    expect((await fleet.operate('rollout', 'pause').ended).exit).toBe(0);
    await push.event(({ type }) => type === 'paused');
    const shown = (await fleet.operate('rollout', 'status').ended).stdout;
    expect(shown).toMatch(/^[0-9a-f]{8} \(main\): at work since .*\npaused by .*; reconcile fleet rollout resume goes on\n/);
    expect(shown).toContain('  done  canary: 1 of 1 healthy\n        half: 0 of 1 healthy, 1 to come\n');
    expect((await fleet.operate('rollout', 'resume').ended).stdout).toBe('It goes on.\n');
    await push.event(({ type }) => type === 'resumed');
    expect((await push.ended).exit).toBe(0);

    commit('two', { bake: '1h' });
    const next = fleet.reach('push');
    await next.event(isBaking);
    const second = await fleet.operate('push', '-o', 'json').ended;
    expect([second.exit, second.stderr]).toEqual([5, expect.stringContaining('another rollout') as string]);
    await fleet.operate('rollout', 'abort').ended;
    expect((await next.ended).exit).not.toBe(0);
    expect(motds()).toEqual(['two\n', 'one\n', 'one\n']);
    expect((await fleet.operate('rollout', 'resume').ended).stderr).toContain('there is nothing to resume');
  });

  it('holds a full disk of the operator against no host, and goes on when there is room', async ({ skip }) => {
    using small = mountSmall('size=128k', skip);
    commit('one');
    await fleet.report('push');
    fleet.commit({ 'desired-state/files/large': randomBytes(200_000).toString('hex') });
    commit('two');
    vi.stubEnv('TMPDIR', small.path);
    const full = await fleet.report('push');
    vi.unstubAllEnvs();
    expect(verdicts(full)).toBe('a: halted, b: halted, c: halted');
    expect([full.exit, full.halted]).toEqual([
      1,
      expect.stringMatching(
        /^the fault is on this machine: git bundle failed .*(?:diskspace|space left).*; the same command goes on/,
      ),
    ]);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);

    expect(verdicts(await fleet.report('push'))).toBe('a: converged, b: converged, c: converged');
  });

  it('touches no host when rollout.yaml cannot be used', async () => {
    fleet.commit({ 'desired-state/site.yaml': site('[]'), 'desired-state/rollout.yaml': 'waves: [{ name: a, hosts: x }]\n' });
    const { exit, stderr } = await fleet.reach('push').ended;

    expect(exit).toBe(65);
    expect(stderr).toContain('desired-state/rollout.yaml:1:27  the inventory has no group or host "x"');
  });
});
