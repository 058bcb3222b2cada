import type { AgentStatus } from '../../src/model/agent.ts';

/** An agent that has done nothing yet, with what the test changes. */
export const statusWith = (members: Partial<AgentStatus> = {}): AgentStatus => ({
  schema: 'reconcile.status/1',
  host: 'allegro',
  version: '0.1.0',
  startedAt: '2026-11-20T07:00:00.000Z',
  phase: 'idle',
  revision: { applied: null, seen: null, branch: 'main' },
  last: null,
  lastSuccess: null,
  fetch: null,
  nextPass: null,
  retry: null,
  suspended: null,
  windowClosed: false,
  waitsFor: null,
  approval: null,
  unconfirmed: null,
  contested: [],
  stalled: null,
  differing: 0,
  passes: {},
  missedHooks: 0,
  ...members,
});
