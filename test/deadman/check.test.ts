import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DeadmanSettings } from '../../src/model/deadman-settings.ts';
import { sha256 } from '../../src/model/json.ts';
import { takeLock } from '../../src/state/lock.ts';
import { removeSuspension, writeSuspension } from '../../src/state/suspension.ts';
import { openWatch, type Behaviour } from './watch-rig.ts';

const rollback = (settings: DeadmanSettings): DeadmanSettings => ({
  ...settings,
  limits: { ...settings.limits, action: 'rollback' },
});
const titles = (told: readonly { readonly text: string }[]): string[] => told.map(({ text }) => text.split('\n')[0] ?? '');
const good = 'model: good\n';
const bad = 'model: bad\n';

describe('a check', () => {
  it.each<[string, Behaviour]>([
    ['a process that died', 'closed'],
    ['a process that hangs', 'silent'],
    ['a process that answers 500', 500],
  ])('restarts %s with the third bad look, and tells that once', async (_what, behaviour) => {
    await using watch = await openWatch();
    await watch.gateway.behave(behaviour);

    await watch.check(2);
    expect(watch.restarts()).toBe(0);
    await watch.check();

    expect(watch.restarts()).toBe(1);
    expect(titles(watch.told())).toEqual(['ezra is dead']);
  });

  it.each([401, 403, 429, 404])('takes %i for life: nothing is restarted, nothing told, nothing kept', async (status) => {
    await using watch = await openWatch();
    await watch.gateway.behave(status);

    const { verdict, condition } = await watch.check(12);

    expect({ verdict, condition }).toEqual({ verdict: 'alive', condition: 'well' });
    expect({ restarts: watch.restarts(), told: watch.told(), rows: watch.rows() }).toEqual({ restarts: 0, told: [], rows: [] });
    expect(existsSync(watch.path('snapshots'))).toBe(false);
  });

  it('an answer that is no proof of health ends a death, and is not told as health', async () => {
    await using watch = await openWatch();
    await watch.gateway.behave('closed');
    await watch.check(12);
    await watch.gateway.behave(401);

    await watch.check(2);

    expect(existsSync(watch.path('state', 'deadman_active'))).toBe(false);
    expect(watch.told().at(-1)?.text).toMatch(/^ezra answers again, but not that it is well\nthe gateway answers 401\n/);
    expect(JSON.stringify([watch.told(), watch.rows()])).not.toContain('well again');
  });

  it('leaves alone what never fails three times in a row', async () => {
    await using watch = await openWatch();
    for (const behaviour of [500, 500, 200, 500, 500, 200, 500, 401, 500, 500] as const) {
      await watch.gateway.behave(behaviour);
      await watch.check();
    }
    expect({ restarts: watch.restarts(), told: watch.told() }).toEqual({ restarts: 0, told: [] });
  });

  it('restarts three times, then raises the flag and the alarm, and only looks; two good looks end it', async () => {
    await using watch = await openWatch();
    const flag = watch.path('state', 'deadman_active');
    await watch.gateway.behave('closed');

    await watch.check(12);
    expect(watch.restarts()).toBe(3);
    expect(JSON.parse(readFileSync(flag, 'utf8'))).toMatchObject({ agent: 'ezra' });
    await watch.gateway.behave(200);
    await watch.check();
    expect(existsSync(flag)).toBe(true);
    await watch.check();

    expect(existsSync(flag)).toBe(false);
    expect(titles(watch.told())).toEqual(['ezra is dead', 'ezra is dead, and the watchdog has given up', 'ezra is well again']);
    expect(watch.rows().map(({ model, status }) => `${model} ${status}`)).toEqual([
      'restart success',
      'restart success',
      'restart success',
      'give-up error',
      'recovered success',
    ]);
  });

  it('rolls back to the configuration that was well, restarts, and logs both digests', async () => {
    await using watch = await openWatch();
    await watch.check();
    writeFileSync(watch.config, bad);
    await watch.gateway.behave('closed');

    await watch.check(6, rollback);

    expect(readFileSync(watch.config, 'utf8')).toBe(good);
    expect(watch.restarts()).toBe(4);
    const row = watch.rows().at(-1);
    expect(row).toMatchObject({ model: 'rollback', status: 'fallback' });
    expect(row?.error_message).toContain(`old=${sha256(bad)} new=${sha256(good)}`);
  });

  it('rolls back nothing when the configuration is the one that was well, and gives up instead', async () => {
    await using watch = await openWatch();
    await watch.check();
    await watch.gateway.behave('closed');

    const { condition } = await watch.check(6, rollback);

    expect(condition).toBe('given-up');
    expect(watch.rows().map(({ model }) => model)).not.toContain('rollback');
  });

  it('never touches the configuration unless asked to', async () => {
    await using watch = await openWatch();
    await watch.check();
    writeFileSync(watch.config, bad);
    await watch.gateway.behave('closed');

    await watch.check(12);

    expect(readFileSync(watch.config, 'utf8')).toBe(bad);
  });

  it('keeps what is well and nothing else, as often as it changes, and no more than asked', async () => {
    await using watch = await openWatch();
    for (const model of ['a', 'b', 'c', 'd', 'e']) {
      writeFileSync(watch.config, `model: ${model}\n`);
      await watch.gateway.behave(401);
      await watch.check();
      await watch.gateway.behave(200);
      await watch.check(2);
    }
    const kept = readdirSync(watch.path('snapshots')).filter((name) => name !== 'last-good');

    expect(kept).toHaveLength(3);
    expect(readFileSync(watch.path('snapshots', 'last-good', '0-config.yaml'), 'utf8')).toBe('model: e\n');
  });

  it('takes the one before where the last snapshot is damaged', async () => {
    await using watch = await openWatch();
    await watch.check();
    writeFileSync(watch.config, 'model: better\n');
    await watch.check();
    writeFileSync(watch.path('snapshots', 'last-good', '0-config.yaml'), 'rubbish');
    writeFileSync(watch.config, bad);
    await watch.gateway.behave('closed');

    await watch.check(6, rollback);

    expect(readFileSync(watch.config, 'utf8')).toBe(good);
  });
});

describe('a check among others', () => {
  it('does nothing while a run converges the host or the host is suspended, and goes on afterwards', async () => {
    await using watch = await openWatch();
    const state = watch.path('reconciler');
    mkdirSync(state, { mode: 0o700 });
    await watch.gateway.behave('closed');
    await watch.check(2);

    const run = takeLock(state);
    expect(await watch.check(5)).toMatchObject({
      verdict: 'suppressed',
      reasons: ['a run of the reconciler is not over', expect.anything()],
    });
    run?.release();
    writeSuspension(state, { reason: 'disk', by: 'me', until: '2099-01-01T00:00:00Z' });
    expect(await watch.check(5)).toMatchObject({ verdict: 'suppressed', reasons: ['the host is suspended', expect.anything()] });
    expect(watch.restarts()).toBe(0);
    removeSuspension(state);
    await watch.check();

    expect(watch.restarts()).toBe(1);
    expect(takeLock(state)).toBeDefined();
  });

  it('is not kept away by a suspension that cannot be read', async () => {
    await using watch = await openWatch();
    const state = watch.path('reconciler');
    mkdirSync(state, { mode: 0o700 });
    writeFileSync(watch.path('reconciler', 'suspended'), '');
    await watch.gateway.behave('closed');

    await watch.check(3);

    expect(watch.restarts()).toBe(1);
  });

  it('looks once more when nobody else works on the host: what looked dead may have been restarted by somebody', async () => {
    await using watch = await openWatch();
    const state = watch.path('reconciler');
    mkdirSync(state, { mode: 0o700 });
    takeLock(state)?.release();
    await watch.gateway.behave(() => {
      const lock = takeLock(state);
      lock?.release();
      return lock ? 500 : 200;
    });

    expect(await watch.check(4)).toMatchObject({ verdict: 'healthy', condition: 'well' });
  });

  it('keeps nobody from working on a host whose agent it has given up', async () => {
    await using watch = await openWatch();
    const state = watch.path('reconciler');
    mkdirSync(state, { mode: 0o700 });
    await watch.gateway.behave('closed');
    await watch.check(6);

    const run = takeLock(state);

    expect(await watch.check()).toMatchObject({ verdict: 'dead', condition: 'given-up' });
    run?.release();
  });

  it('works when the state of the reconciler is gone or damaged', async () => {
    await using watch = await openWatch();
    mkdirSync(watch.path('reconciler'), { mode: 0o700 });
    writeFileSync(watch.path('reconciler', 'lock.db'), 'not a database, but long enough to be looked at as one'.repeat(40));
    await watch.gateway.behave('closed');

    await watch.check(3);

    expect(watch.restarts()).toBe(1);
  });

  it('of two at once one does the work', async () => {
    await using watch = await openWatch();
    await watch.gateway.behave('silent');

    const both = await Promise.all([watch.check(), watch.check()]);

    expect(both.map(({ verdict }) => verdict).sort()).toEqual(['busy', 'dead']);
  });
});
