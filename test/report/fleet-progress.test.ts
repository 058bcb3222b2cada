import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FleetEvent } from '../../src/model/fleet.ts';
import { openFleetProgress } from '../../src/report/fleet-progress.ts';
import { openFleetTable } from '../../src/report/fleet-table.ts';
import { liveScreen } from '../../src/report/live-screen.ts';
import { plain } from '../../src/report/paint.ts';
import { fleetEventLine } from '../../src/report/render-fleet-events.ts';
import { fleetReportWith, outcomeWith } from './fleet-fixture.ts';
import { reportWith } from './report-fixture.ts';

const until = '2026-11-21T08:10:00.000Z';
const applying = (host: string, address = 'file[/etc/motd]'): FleetEvent => ({
  type: 'host-event',
  host,
  event: { type: 'applying', run: 'r', address, done: 2, total: 12 },
});
const everyEvent: readonly FleetEvent[] = [
  { type: 'fleet-started', action: 'push', hosts: ['allegro', 'bezalel', 'ezra'] },
  { type: 'wave-started', wave: 'canary', hosts: ['allegro', 'bezalel'] },
  { type: 'connecting', host: 'allegro', attempt: 1 },
  { type: 'connecting', host: 'bezalel', attempt: 2 },
  { type: 'waiting', host: 'bezalel', message: 'no answer', until },
  { type: 'step', host: 'allegro', message: 'sending 12 kB' },
  applying('allegro'),
  {
    type: 'host-event',
    host: 'allegro',
    event: { type: 'rolling-back', run: 'r', reason: 'unhealthy: gateway' },
  },
  { type: 'host-event', host: 'allegro', event: { type: 'finished', run: 'r', report: reportWith() } },
  { type: 'host-finished', outcome: outcomeWith('allegro', { verdict: 'rolledBack', message: 'unhealthy: gateway' }) },
  { type: 'baking', wave: 'canary', until },
  { type: 'wave-finished', wave: 'canary', healthy: 1, failed: 1 },
  { type: 'paused' },
  { type: 'resumed' },
  { type: 'halted', wave: 'canary', reason: '1 of 2 hosts failed' },
  { type: 'fleet-finished', report: fleetReportWith([]) },
];

interface Screen {
  readonly stream: NodeJS.WriteStream;
  readonly frames: string[];
}

/** A stream that remembers what is written to it, as a terminal or as none. */
function screen(isTTY: boolean, size = { rows: 6, columns: 60 }): Screen {
  const frames: string[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY, getColorDepth: () => 1, ...size });
  stream.on('data', (chunk: Buffer) => frames.push(chunk.toString()));
  return { stream: stream as unknown as NodeJS.WriteStream, frames };
}

beforeEach(() => void vi.stubEnv('FORCE_COLOR', undefined));
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('the progress of a fleet command', () => {
  it('is gone from a terminal where a person is asked something, and comes back with what happened meanwhile', async () => {
    vi.useFakeTimers();
    const { stream, frames } = screen(true);
    using progress = openFleetProgress(stream, ['allegro']);
    const answer = Promise.withResolvers<string>();
    everyEvent.slice(0, 3).forEach(progress.emit);
    frames.length = 0;

    const asked = liveScreen.ask(() => answer.promise);
    expect(frames.join('').replace(/\d+/, 'N')).toBe('\x1b[NA\r\x1b[J');
    progress.emit(applying('allegro', 'file[/etc/hosts]'));
    vi.advanceTimersByTime(1_000);
    expect(frames).toHaveLength(1);

    answer.resolve('secret');
    expect(await asked).toBe('secret');
    expect(frames[1]).toContain('file[/etc/hosts]');
    expect(frames[1]).not.toContain('\x1b[J');
  });

  it('is a line for each event that is worth one where nobody looks on', () => {
    const { stream, frames } = screen(false);
    using progress = openFleetProgress(stream, ['allegro', 'bezalel', 'ezra']);
    for (const event of everyEvent) progress.emit(event);

    expect(frames.join('')).toBe(
      [
        'push on 3 hosts: allegro, bezalel, ezra',
        'wave canary: allegro, bezalel',
        'bezalel: connecting, attempt 2',
        'bezalel: no answer; again at 08:10:00Z',
        'allegro: sending 12 kB',
        'allegro: rolling back: unhealthy: gateway',
        'allegro: rolled back: unhealthy: gateway (120 ms)',
        'wave canary is watched until 08:10:00Z',
        'wave canary: 1 healthy, 1 failed',
        'paused; `reconcile fleet rollout resume` goes on',
        'resumed',
        'halted in wave canary: 1 of 2 hosts failed',
        '',
      ].join('\n'),
    );
  });

  it('takes no program for a run that converges, and cuts no key', () => {
    const { stream, frames } = screen(false);
    using progress = openFleetProgress(stream, ['allegro']);
    const message = `it shows the ED25519 key SHA256:${'k'.repeat(43)} ${'.'.repeat(100)}`;
    progress.emit({ type: 'fleet-started', action: 'run', hosts: ['allegro', 'ezra'] });
    progress.emit({ type: 'host-finished', outcome: outcomeWith('allegro', { message: 'exit 0' }) });
    progress.emit({ type: 'host-finished', outcome: outcomeWith('ezra', { verdict: 'untrusted', message }) });

    expect(frames.slice(1)).toEqual(['allegro: done: exit 0 (120 ms)\n', `ezra: untrusted host key: ${message} (120 ms)\n`]);
  });

  it('is a table on a terminal that is gone in the end', () => {
    vi.useFakeTimers();
    const { stream, frames } = screen(true);
    const progress = openFleetProgress(stream, ['allegro', 'bezalel', 'ezra']);
    progress.emit(everyEvent[0]!);
    progress.emit(applying('allegro'));
    vi.advanceTimersByTime(100);
    progress[Symbol.dispose]();

    expect(frames).toEqual([
      'push: 0 of 3 done, 0 at work, 3 to come\n',
      '\x1b[1A\r\x1b[Jpush: 0 of 3 done, 1 at work, 2 to come\nallegro  applying 3/12 file[/etc/motd]\n',
      '\x1b[2A\r\x1b[J',
    ]);
  });

  it('is drawn ten times a second at most, and the last state is always drawn', () => {
    vi.useFakeTimers();
    const { stream, frames } = screen(true);
    using progress = openFleetProgress(stream, ['allegro']);
    for (let step = 0; step < 1_000; step++) {
      progress.emit({ type: 'step', host: 'allegro', message: `step ${step}` });
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(100);

    expect(frames.length).toBeGreaterThanOrEqual(9);
    expect(frames.length).toBeLessThanOrEqual(12);
    expect(frames.at(-1)).toContain('step 999');
  });

  it('never hides the cursor, so that a kill leaves the terminal usable', () => {
    const { stream, frames } = screen(true);
    using progress = openFleetProgress(stream, []);
    for (const event of everyEvent) progress.emit(event);

    expect(frames.join('')).not.toContain('\x1b[?');
  });
});

describe('the table', () => {
  it('shows who is at work and who failed, and counts the rest', () => {
    const table = openFleetTable(['allegro', 'bezalel', 'ezra', 'timmy']);
    for (const event of everyEvent.slice(0, 11)) table.tell(event);

    expect(table.lines({ rows: 10, columns: 100 }, plain)).toEqual([
      'push: 1 of 4 done, 1 at work, 2 to come, 1 failed; wave canary, watched until 08:10:00Z',
      'allegro  rolled back: unhealthy: gateway',
      'bezalel  no answer; again at 08:10:00Z',
    ]);
  });

  it('never takes more rows or columns than there are, whatever hosts say', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constant('\u001b[2J\n語語語'.repeat(40)));
    const anEvent: fc.Arbitrary<FleetEvent> = fc.oneof(
      fc.record({ type: fc.constant('step' as const), host: text, message: text }),
      fc.record({ type: fc.constant('waiting' as const), host: text, message: text, until: text }),
      fc.tuple(text, text).map(([host, address]) => applying(host, address)),
      text.map((host): FleetEvent => ({
        type: 'host-finished',
        outcome: outcomeWith(host, { verdict: 'error', message: host }),
      })),
      fc.record({ type: fc.constant('halted' as const), wave: text, reason: text }),
    );
    fc.assert(
      fc.property(fc.array(anEvent, { maxLength: 30 }), fc.nat(12), fc.integer({ min: 10, max: 90 }), (all, rows, columns) => {
        const table = openFleetTable([]);
        for (const event of all) table.tell(event);
        const lines = table.lines({ rows, columns }, plain);
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) {
          expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
          // Written for itself: wide characters take two columns.
          expect([...line].reduce((sum, each) => sum + (/[\u1100-\u{10ffff}]/u.test(each) ? 2 : 1), 0)).toBeLessThanOrEqual(
            columns,
          );
        }
      }),
    );
  });
});

describe('an event as a line of NDJSON', () => {
  it('has schema, type and time first, stays on its line and stands for the same value', () => {
    const event: FleetEvent = { type: 'step', host: 'a', message: 'x\n\u202e\u001b[2J' };
    const line = fleetEventLine(event, until);

    expect(line).toMatch(/^\{"schema":"reconcile.fleet-event\/1","type":"step","ts":"2026-11-21T08:10:00.000Z",[ -~]*\}\n$/);
    expect(JSON.parse(line)).toEqual({ schema: 'reconcile.fleet-event/1', ts: until, ...event });
  });
});
