import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FleetEvent } from '../../src/model/fleet.ts';
import { site } from '../support/repository.ts';
import { startSshFleet, type SshFleet } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

describe.skipIf(whyNoSsh !== undefined)(`a rollout that somebody overtakes${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  let fleet: SshFleet;
  beforeEach(async () => {
    fleet = await startSshFleet(['a', 'b']);
    commit('one', { bake: '0s' });
    await fleet.report('push');
  });
  afterEach(() => fleet[Symbol.asyncDispose]());
  const commit = (text: string, { bake = '0s', more = '' } = {}): string =>
    fleet.commit({
      'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "${text}\\n" }\n${more}`),
      'desired-state/rollout.yaml': `waves:\n  - { name: canary, hosts: a, bake: ${bake} }\n`,
    });
  const slow = (): string =>
    `- { kind: command, argv: ["sh", "-c", "sleep 1; touch ${fleet.base}/done"], creates: "${fleet.base}/done" }\n`;
  /** As from another machine, which knows nothing of the rollout of this one. */
  const overtake = async (): Promise<void> => {
    fleet.git('rm', '--quiet', 'desired-state/rollout.yaml');
    fleet.commit({ 'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "three\\n" }\n`) });
    // Until what was begun there has ended, the host is busy.
    while ((await fleet.report('push', '--limit', 'a')).exit !== 0);
  };

  it.each([
    ['while its canary is watched', false, ({ type }: FleetEvent) => type === 'baking'],
    ['while its canary is at work', true, (event: FleetEvent) => event.type === 'host-event' && event.event.type === 'applying'],
  ])('%s, and interrupted then, leaves the newer revision when it is gone on with', async (_when, isSlow, isMoment) => {
    const second = commit('two', { bake: '3s', more: isSlow ? slow() : '' });
    const push = fleet.reach('push');
    await push.event(isMoment);
    push.child.kill('SIGINT');
    await push.ended;
    await overtake();
    fleet.git('reset', '--quiet', '--hard', second);
    const { exit, halted, hosts } = await fleet.report('push');

    expect([fleet.read('a', 'motd'), fleet.read('b', 'motd')]).toEqual(['three\n', 'one\n']);
    expect(exit).not.toBe(0);
    expect(halted).toBe('1 of 1 hosts failed in wave canary');
    expect(hosts[0]!.message).toMatch(
      /is older than \w+, which was applied here; not taken back: \w+ was applied there since, and stays$/,
    );
  });
});
