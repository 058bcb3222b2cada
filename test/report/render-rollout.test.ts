import { describe, expect, it } from 'vitest';
import type { RolloutHost, RolloutState } from '../../src/model/rollout.ts';
import { plain } from '../../src/report/paint.ts';
import { renderRollout } from '../../src/report/render-rollout.ts';

const host = (members: Partial<RolloutHost> = {}): RolloutHost => ({
  verdict: 'converged',
  message: 'Applied and verified',
  attempts: 1,
  duration: 100,
  standing: 'healthy',
  run: 'run-1',
  isTakenBack: false,
  ...members,
});
const state: RolloutState = {
  schema: 'reconcile.rollout/1',
  commit: 'c'.repeat(40),
  branch: 'main',
  tags: [],
  startedAt: '2026-11-21T08:00:00.000Z',
  phase: 'running',
  reason: null,
  waves: [
    { name: 'canary', hosts: ['a'], bake: 0, mayFail: 0, until: '2026-11-21T08:01:00.000Z', isDone: true },
    { name: 'half', hosts: ['b', 'c', 'd', 'e'], bake: 0, mayFail: 1, until: null, isDone: false },
  ],
  hosts: {
    a: host(),
    b: host(),
    c: host({ standing: 'failed', verdict: 'rolledBack', message: 'the gateway is \u001b[31mdead' }),
    d: host({ standing: 'absent', verdict: 'unreachable', message: 'no answer within 10 s' }),
  },
};

describe('a rollout', () => {
  it('is shown wave by wave, with those that are not well by name', () => {
    expect(renderRollout(state, { isAtWork: true, wish: undefined }, plain))
      .toBe(`cccccccc (main): at work since 2026-11-21 08:00:00Z
  done  canary: 1 of 1 healthy
        half: 1 of 4 healthy, 1 failed, 1 absent, 1 to come
        c: rolled back: the gateway is \\e[31mdead
        d: unreachable: no answer within 10 s
        to come: e
`);
  });

  it('says who paused it, why it stopped and how to go on', () => {
    const wish = { word: 'pause', by: 'alice' };

    expect(renderRollout({ ...state, waves: [] }, { isAtWork: false, wish }, plain)).toBe(
      'cccccccc (main): left in the middle; reconcile fleet push goes on where it was (begun 2026-11-21 08:00:00Z)\n' +
        'paused by alice; reconcile fleet rollout resume goes on\n',
    );
    expect(renderRollout({ ...state, waves: [] }, { isAtWork: false, wish: { word: 'abort', by: 'alice' } }, plain)).toBe(
      'cccccccc (main): aborted (begun 2026-11-21 08:00:00Z)\n',
    );
    const cut: RolloutState = { ...state, waves: [{ ...state.waves[0]!, isDone: false }], reason: 'interrupted; it goes on' };
    expect(renderRollout(cut, { isAtWork: false, wish: undefined }, plain)).toContain('it goes on\n');
    expect(renderRollout(cut, { isAtWork: false, wish: { word: 'abort', by: 'alice' } }, plain)).toBe(
      'cccccccc (main): aborted (begun 2026-11-21 08:00:00Z)\n        canary: 1 of 1 healthy\n',
    );
    const halted: RolloutState = { ...state, waves: [], phase: 'halted', reason: '1 of 1 hosts failed in wave canary' };
    expect(renderRollout(halted, { isAtWork: false, wish: undefined }, plain)).toBe(
      'cccccccc (main): halted (begun 2026-11-21 08:00:00Z)\n1 of 1 hosts failed in wave canary\n',
    );
  });
});
