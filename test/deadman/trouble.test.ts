import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DeadmanSettings } from '../../src/model/deadman-settings.ts';
import { makeRequestLog, openWatch } from './watch-rig.ts';

const titles = (told: readonly { readonly text: string }[]): string[] => told.map(({ text }) => text.split('\n')[0] ?? '');

describe('a check in trouble of its own', () => {
  it('remembers a restart before it is done', async () => {
    await using watch = await openWatch();
    await watch.gateway.behave('closed');

    await watch.check(3);

    expect(JSON.parse(readFileSync(watch.path('remembered'), 'utf8'))).toMatchObject({
      watch: { condition: 'dead', restarts: [expect.any(Number)] },
    });
  });

  it('keeps its bounds while the disk with its state cannot be written, and comes back to it afterwards', async () => {
    await using watch = await openWatch();
    await watch.gateway.behave('closed');
    const full = (settings: DeadmanSettings): DeadmanSettings => ({ ...settings, state_dir: watch.path('restart', 'state') });

    await watch.check(12, full);
    expect(watch.restarts()).toBe(3);
    const { condition } = await watch.check();

    expect({ condition, restarts: watch.restarts() }).toEqual({ condition: 'given-up', restarts: 3 });
    expect(existsSync(watch.path('run', 'reconcile-deadman-ezra', 'state.json'))).toBe(false);
  });

  it('does nothing when it can remember nowhere', async () => {
    await using watch = await openWatch();
    await watch.gateway.behave('closed');
    const nowhere = (settings: DeadmanSettings): DeadmanSettings => ({ ...settings, state_dir: watch.path('restart', 'state') });
    mkdirSync(watch.path('run', 'reconcile-deadman-ezra', 'state.json'), { recursive: true, mode: 0o700 });
    chmodSync(watch.path('run', 'reconcile-deadman-ezra'), 0o700);
    await watch.check(2).catch(() => undefined);

    await expect(watch.check(1, nowhere)).rejects.toThrow('cannot be written, so that nothing is done');

    expect(watch.restarts()).toBe(0);
  });

  it('begins anew when its state is damaged, and puts that aside', async () => {
    await using watch = await openWatch();
    await watch.gateway.behave('closed');
    await watch.check(2);
    writeFileSync(watch.path('state', 'state.json'), '{"schema":');

    await watch.check(2);
    expect(watch.restarts()).toBe(0);
    await watch.check();

    expect(watch.restarts()).toBe(1);
    expect(readFileSync(watch.path('state', 'state.json.damaged'), 'utf8')).toBe('{"schema":');
  });

  it('tells again what a channel did not take, as the same message, and in the end only what is so', async () => {
    await using watch = await openWatch();
    const tell = readFileSync(watch.path('tell'));
    writeFileSync(watch.path('tell'), '#!/bin/sh\nexit 1\n');
    await watch.gateway.behave('closed');
    const { lines } = await watch.check(3);
    expect(lines.join('\n')).toContain('not told: command');
    const first = JSON.parse(readFileSync(watch.path('state', 'state.json'), 'utf8')) as { unsent: { id: string }[] };
    await watch.gateway.behave(401);
    await watch.check();
    expect(watch.told()).toEqual([]);
    writeFileSync(watch.path('tell'), tell);

    await watch.check();

    expect(first.unsent).toHaveLength(1);
    expect(titles(watch.told())).toEqual(['ezra answers again, but not that it is well']);
  });

  it('writes rows later when the request log was not there', async () => {
    await using watch = await openWatch();
    rmSync(watch.path('request_log.db'));
    await watch.gateway.behave('closed');
    const { lines } = await watch.check(3);
    expect(lines.join('\n')).toContain('not logged yet');
    makeRequestLog(watch.path('request_log.db'));

    // No timer is as long.
    await watch.check(1, (settings) => ({ ...settings, restart_timeout: 30 * 86_400_000 }));

    expect(watch.rows().map(({ model, status }) => [model, status])).toEqual([
      ['restart', 'success'],
      ['restart', 'success'],
    ]);
  });

  it('counts a restart that fails or hangs', async () => {
    await using watch = await openWatch();
    writeFileSync(watch.path('restart'), `#!/bin/sh\necho $$ >${watch.path('pid')}\nexec sleep 60\n`);
    chmodSync(watch.path('restart'), 0o755);
    await watch.gateway.behave('closed');

    const once = (settings: DeadmanSettings): DeadmanSettings => ({
      ...settings,
      restart_timeout: 50,
      limits: { ...settings.limits, max_restarts: 1 },
    });
    const { condition } = await watch.check(4, once);

    expect(condition).toBe('given-up');
    expect(watch.rows().map(({ status }) => status)).toEqual(['timeout', 'error']);
    const last = Number(readFileSync(watch.path('pid'), 'utf8'));
    expect(() => process.kill(last, 0)).toThrow('ESRCH');
  });
});
