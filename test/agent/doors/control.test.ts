import { describe, expect, it } from 'vitest';
import { callAgent } from '../../../src/agent/control-client.ts';
import { aReport } from '../../support/agent-port.ts';
import { openRig, type DoorRig } from '../../support/door-rig.ts';

const never = new AbortController().signal;
const post = (rig: DoorRig, path: string, body?: unknown) => callAgent(rig.socket, { method: 'POST', path, body }, never);

describe('the control socket', () => {
  it('has the agent look again, and answers at once', async () => {
    await using rig = await openRig();

    expect(await post(rig, '/now')).toEqual({ status: 202, body: { run: 'run-1' } });
    expect(await post(rig, '/now', { wait: false })).toEqual({ status: 202, body: { run: 'run-1' } });
    expect(rig.port.triggers).toEqual(['control', 'control']);
  });

  it('answers with the report when the run has ended, to all who wait for it', async () => {
    await using rig = await openRig();
    const asked = Promise.withResolvers<void>();
    const { trigger } = rig.port;
    rig.port.trigger = (cause) => {
      const answer = trigger(cause);
      if (rig.port.triggers.length === 3) asked.resolve();
      return answer;
    };

    const waiting = [1, 2, 3].map(() => post(rig, '/now', { wait: true }));
    await asked.promise;
    setImmediate(() => rig.port.end(aReport({ run: 'run-1' })));

    for (const answer of await Promise.all(waiting))
      expect(answer).toMatchObject({ status: 200, body: { run: 'run-1', report: { summary: 'Applied and verified' } } });
  });

  it('suspends until a time that it works out, and resumes', async () => {
    await using rig = await openRig();
    const before = Date.now();

    const suspended = await post(rig, '/suspend', { for: '2h', reason: 'disk', by: 'alice' });
    const { suspended: told } = rig.port.status();
    const resumed = await post(rig, '/resume');

    expect(suspended).toMatchObject({ status: 200, body: { suspended: { reason: 'disk', by: 'alice' } } });
    expect(Date.parse(told!.until)).toBeGreaterThanOrEqual(before + 7_200_000);
    expect(Date.parse(told!.until)).toBeLessThanOrEqual(Date.now() + 7_200_000);
    expect(resumed).toMatchObject({ status: 200, body: { suspended: null } });
  });

  it.each([
    ['no reason', { for: '2h', by: 'alice' }],
    ['an empty reason', { for: '2h', reason: ' ', by: 'alice' }],
    ['a reason of 1,001 characters', { for: '2h', reason: 'x'.repeat(1001), by: 'alice' }],
    ['nobody', { for: '2h', reason: 'r' }],
    ['no time', { reason: 'r', by: 'alice' }],
    ['a time without a unit', { for: '2', reason: 'r', by: 'alice' }],
    ['more than a year', { for: '366d', reason: 'r', by: 'alice' }],
    ['a time beyond all dates', { for: `${'9'.repeat(30)}d`, reason: 'r', by: 'alice' }],
    ['a member that nothing reads', { for: '2h', reason: 'r', by: 'alice', until: 'never' }],
    ['no object', 'please'],
  ])('does not suspend with %s', async (_title, body) => {
    await using rig = await openRig();

    expect(await post(rig, '/suspend', body)).toMatchObject({ status: 400 });
    expect(rig.port.status().suspended).toBeNull();
  });

  it('refuses a body with a prototype in it', async () => {
    await using rig = await openRig();

    expect(await post(rig, '/now', JSON.parse('{"__proto__": {"wait": true}, "wait": false}'))).toMatchObject({ status: 400 });
  });

  it('approves the run that waits and no other', async () => {
    await using rig = await openRig();
    rig.port.set({ approval: { run: 'run-7', reason: 'r', planDigest: 'd', expires: '2026-11-27T12:00:00.000Z' } });

    expect(await post(rig, '/approve', { run: 'run-8', by: 'alice' })).toMatchObject({ status: 404 });
    expect(rig.port.status().approval?.run).toBe('run-7');
    expect(await post(rig, '/approve', { run: 'run-7', by: 'alice' })).toMatchObject({ status: 200, body: { approval: null } });
  });
});
