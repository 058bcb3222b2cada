import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readUptime } from '../../src/host/term.ts';
import { reset } from '../../src/deadman/reset.ts';
import { firstState, step, type Observation, type WatchAction } from '../../src/deadman/step.ts';
import type { DeadmanSettings } from '../../src/model/deadman-settings.ts';
import { hour, limits, minute, observation } from './simulated-host.ts';
import { openWatch } from './watch-rig.ts';

const day = 24 * hour;
/** Of `unshare`: the time since the start of the host, but not that in which it was awake, is nine hours more. */
const afterSleep = ['--time', '--fork', '--boottime', '32400'];
const deadman = new URL('../../dist/deadman.mjs', import.meta.url).pathname;
const watched = { ...limits, silence_note: 4 * hour, silence_alarm: 8 * hour, alarm_test_every: 30 * day, unheard_after: hour };
const word = (action: WatchAction): readonly string[] => (action.do === 'tell' ? [action.value] : []);

/** What was told, with the hour, by checks every five minutes. */
function told(hours: number, look: (now: number) => Partial<Observation>, first = firstState): readonly string[] {
  const said: string[] = [];
  let state = first;
  for (let now = 0; now <= hours * hour; now += 5 * minute) {
    const stepped = step(state, observation('healthy', look(now)), watched, now);
    state = stepped.state;
    said.push(...stepped.actions.flatMap(word).map((value) => `${value} ${now / hour}`));
  }
  return said;
}

describe('the silence of the reconciler', () => {
  it('is a note after four hours, an alarm after eight, and over with the next sign', () => {
    const until = 10 * hour;
    expect(told(24, (now) => ({ silence: now < until ? now : (now - until) % (15 * minute) }))).toEqual([
      'quiet 4',
      'silent 8',
      'heard 10',
    ]);
  });

  it('is not told of one that is heard every quarter of an hour, nor where none was ever heard', () => {
    expect(told(100, (now) => ({ silence: now % (15 * minute) }))).toEqual([]);
    expect(told(100, () => ({}))).toEqual([]);
  });

  it('is told by a watchdog whose memory is of an older version', () => {
    const { engine: _engine, alarm: _alarm, ...older } = firstState.told;
    expect(told(5, (now) => ({ silence: now }), { ...firstState, told: older })).toEqual(['quiet 4']);
  });

  it('is not that of a host that has slept, and its agent with it', async ({ skip }) => {
    if (spawnSync('unshare', [...afterSleep, 'true']).status !== 0) skip('needs time namespaces');
    await using watch = await openWatch();
    mkdirSync(watch.path('reconciler'));
    const server = createServer((_, response) => response.end(JSON.stringify({ startedAt: 'today', passes: { interval: 1 } })));
    await once(server.listen(watch.path('reconciler', 'control.sock')), 'listening');
    const { limits, ...settings } = watch.settings();
    const file = watch.path('settings.json');
    writeFileSync(file, JSON.stringify({ ...settings, limits: { ...limits, silence_note: 4 * hour, silence_alarm: 8 * hour } }));
    const check = async (program: string, ...words: readonly string[]): Promise<void> => {
      await promisify(execFile)(program, [...words, deadman, 'check', '--settings', file]);
    };

    await check(process.execPath);
    await check('unshare', ...afterSleep, process.execPath);
    server.close();

    expect(watch.told()).toEqual([]);
  });

  it('is found by asking the agent, whose looks are counted by it', async () => {
    await using watch = await openWatch();
    let passes = 1;
    const socket = watch.path('reconciler', 'control.sock');
    mkdirSync(watch.path('reconciler'));
    const server = createServer(({ url }, response) =>
      response.end(JSON.stringify(url === '/api/v1/status' ? { startedAt: 'today', passes: { interval: passes } } : {})),
    );
    await once(server.listen(socket), 'listening');
    const soon = (settings: DeadmanSettings): DeadmanSettings => ({
      ...settings,
      limits: { ...settings.limits, silence_note: 1, silence_alarm: hour },
    });
    const titles = (): string[] => watch.told().map(({ text }) => text.split('\n')[0] ?? '');

    await watch.check(1, soon);
    expect(titles()).toEqual([]);
    await watch.check(1, soon);
    expect(titles()).toEqual([expect.stringMatching(/^the reconciler on \S+ has been quiet for/)]);
    passes++;
    await watch.check(1, soon);
    expect(titles()[1]).toMatch(/^the reconciler on \S+ runs again$/);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await watch.check(1, soon);

    expect(titles()[2]).toMatch(/^the reconciler on \S+ has been quiet for/);
  });
});

describe('the way to people', () => {
  it('is tested every month, and never on the first day', () => {
    expect(told(24 * 65, () => ({}))).toEqual(['test 720', 'test 1440']);
  });

  it('is told when somebody does not take messages for an hour, and when they do again', () => {
    const look = (now: number): Partial<Observation> => ({ unheardFor: now < 5 * hour ? now : 0 });
    expect(told(10, look)).toEqual(['unheard 1', 'works 5']);
  });

  it('that is broken is told to those who can be reached', async () => {
    await using watch = await openWatch();
    writeFileSync(watch.path('deaf'), '#!/bin/sh\nexit 1\n');
    chmodSync(watch.path('deaf'), 0o755);
    const half = (settings: DeadmanSettings): DeadmanSettings => ({
      ...settings,
      limits: { ...settings.limits, alarm_test_every: 1, unheard_after: 1 },
      alerts: [...settings.alerts, { type: 'command', argv: [watch.path('deaf')] }],
    });

    await watch.check(1, half);
    await clockMoves();
    const { lines } = await watch.check(1, half);
    await clockMoves();
    await watch.check(1, half);

    expect(lines.join('\n')).toMatch(/not told: .*deaf/);
    const said = watch.told().map(({ text }) => text.split('\n')[0]);
    expect(said[0]).toMatch(/^test: this is how the watchdog of ezra on \S+ would raise the alarm$/);
    expect(said).toContainEqual("not everybody takes the messages of ezra's watchdog");
  });

  it('that is broken is not told of messages that a reset has taken back', async () => {
    await using watch = await openWatch();
    const deaf = (settings: DeadmanSettings): DeadmanSettings => ({
      ...settings,
      limits: { ...settings.limits, failures: 1, unheard_after: 1 },
      alerts: [{ type: 'command', argv: ['false'] }],
    });
    await watch.gateway.behave('closed');
    await watch.check(1, deaf);
    await clockMoves();
    reset(deaf(watch.settings()));
    await clockMoves();

    const { lines } = await watch.check(1, deaf);

    expect(lines.join('\n')).not.toContain('not everybody takes the messages');
  });
});

/** The clock of a watchdog moves in milliseconds. */
async function clockMoves(): Promise<void> {
  const { uptime } = readUptime();
  while (readUptime().uptime === uptime) await setImmediate();
}
