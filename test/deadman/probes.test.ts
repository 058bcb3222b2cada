import { once } from 'node:events';
import { chownSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beat } from '../../src/deadman/beat.ts';
import { nextMoment, type Moment } from '../../src/deadman/clock.ts';
import { readUptime } from '../../src/host/term.ts';
import { probeGateway } from '../../src/deadman/probe-gateway.ts';
import { probeHeartbeat } from '../../src/deadman/probe-heartbeat.ts';
import { judgeUnit } from '../../src/deadman/probe-unit.ts';
import type { DeadmanSettings } from '../../src/model/deadman-settings.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const minute = 60_000;

describe('the clock of a watchdog', () => {
  const last: Moment = { own: 1_000, boot: 'a', uptime: 500_000 };

  it.each([
    ['goes on with the time since the host started', { boot: 'a', uptime: 800_000 }, 301_000],
    ['counts after a restart of the host only what has passed since', { boot: 'b', uptime: 40_000 }, 41_000],
    ['takes a shorter time since the start for a restart, where it has no name', { boot: 'a', uptime: 40_000 }, 41_000],
    ['stands still with the host', { boot: 'a', uptime: 500_000 }, 1_000],
  ])('%s', (_title, present, own) => {
    expect(nextMoment(last, present)).toEqual({ own, ...present });
  });

  it('begins with nothing', () => {
    expect(nextMoment(undefined, { boot: 'a', uptime: 9 }).own).toBe(0);
  });
});

/** On the first of some such ports that nobody has. */
async function listenWhereBrowsersDoNotGo(server: Server): Promise<number> {
  for (const port of [6667, 6666, 6668, 6669, 6697, 10_080])
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  throw new Error('all of these ports are in use');
}

describe('a gateway', () => {
  it('is asked on any port and with any credentials, also where browsers would not go', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer(({ headers }, response) => {
      asked.push(headers.authorization);
      response.end();
    });
    const port = await listenWhereBrowsersDoNotGo(server);
    const url = `http://ada:canary@127.0.0.1:${port}/health`;
    const finding = await probeGateway({ url, within: 30 * 86_400_000, ignore_statuses: [] });
    server.close();

    expect({ finding, asked }).toEqual({
      finding: { verdict: 'healthy' },
      asked: [`Basic ${Buffer.from('ada:canary').toString('base64')}`],
    });
  });
});

describe('a heartbeat', () => {
  /** A stamp and a probe that looks after so many minutes of the watchdog's own time. */
  function openStamp(required = true) {
    const directory = temporaryDirectory();
    const stamp = join(directory.path, 'stamp');
    let known: ReturnType<typeof probeHeartbeat>['stamp'] | undefined;
    return {
      stamp,
      touch: (text: string, at = new Date()) => (writeFileSync(stamp, text), utimesSync(stamp, at, at)),
      look(minutes: number) {
        const now = { ...readUptime(), own: minutes * minute };
        const probed = probeHeartbeat({ stamp, timeout: 5 * minute, required }, known, now);
        known = probed.stamp;
        return probed.finding;
      },
      [Symbol.dispose]: () => directory[Symbol.dispose](),
    };
  }

  it('lives as long as its stamp changes, and is late when it does not', () => {
    using heart = openStamp();
    heart.touch('1');
    expect(heart.look(0).verdict).toBe('healthy');
    heart.touch('22');
    expect(heart.look(5).verdict).toBe('healthy');
    expect(heart.look(11)).toMatchObject({ verdict: 'dead', reason: 'no heartbeat for 360 s' });
    heart.touch('333');
    expect(heart.look(16).verdict).toBe('healthy');
  });

  it('counts from the moment of the stamp, not only from the look that found it', () => {
    using heart = openStamp();
    heart.touch('1');
    heart.look(0);
    heart.touch('22', new Date(Date.now() - 4 * minute));
    expect(heart.look(5).verdict).toBe('healthy');
    expect(heart.look(7)).toMatchObject({ verdict: 'dead', reason: 'no heartbeat for 360 s' });
  });

  it.each([
    ['ten years ahead', 10 * 365],
    ['ten years behind', -10 * 365],
  ])('is not late for a clock that was %s', (_what, days) => {
    using heart = openStamp();
    for (let look = 0; look < 5; look++) {
      heart.touch('x'.repeat(look + 1), new Date(Date.now() - days * 1_440 * minute));
      expect(heart.look(look * 5).verdict).toBe('healthy');
    }
  });

  it('of a stamp that is not there, or was taken away, is late after the timeout', () => {
    using heart = openStamp();
    expect(heart.look(0).verdict).toBe('healthy');
    heart.touch('1');
    expect(heart.look(5).verdict).toBe('healthy');
    rmSync(heart.stamp);
    expect(heart.look(9).verdict).toBe('healthy');
    expect(heart.look(11).reason).toContain('does not exist');
  });

  it('that nobody promised is not missed before it came once', () => {
    using heart = openStamp(false);
    expect([0, 5, 60].map((minutes) => heart.look(minutes).verdict)).toEqual(['healthy', 'healthy', 'healthy']);
    heart.touch('1');
    heart.look(65);
    rmSync(heart.stamp);
    expect(heart.look(71).verdict).toBe('dead');
  });

  it('by reconcile says itself when it was', () => {
    using heart = openStamp();
    const { boot, uptime } = readUptime();
    beat({ agent: 'ezra', heartbeat: { stamp: heart.stamp, timeout: 1, required: true } } as DeadmanSettings);
    expect(heart.look(0).verdict).toBe('healthy');
    expect(heart.look(60).verdict).toBe('healthy');

    heart.touch(`beat ${boot} ${uptime - 6 * minute}\n`);

    expect(heart.look(61)).toMatchObject({ verdict: 'dead', reason: 'no heartbeat for 360 s' });
  });

  it('is not taken from a link', () => {
    using heart = openStamp();
    symlinkSync('/etc/passwd', heart.stamp);
    heart.look(0);
    expect(heart.look(6).reason).toContain('is a symbolic link');
  });

  it.runIf(process.geteuid?.() === 0)('is not taken from another user', () => {
    using heart = openStamp();
    heart.touch('1');
    chownSync(heart.stamp, 12_345, 12_345);
    heart.look(0);
    expect(heart.look(6).reason).toContain('belongs to user 12345, who could stamp for a dead agent');

    beat({ agent: 'ezra', heartbeat: { stamp: heart.stamp, timeout: 1, required: true } } as DeadmanSettings);

    expect(heart.look(12).verdict).toBe('healthy');
  });
});

describe('what systemd says about a unit', () => {
  /** As Debian 12 prints it. */
  const running = {
    Result: 'success',
    NRestarts: '0',
    MemoryCurrent: '104857600',
    CPUUsageNSec: '1000000000',
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    ActiveEnterTimestampMonotonic: '1000000',
  };
  const settings = {
    name: 'hermes.service',
    scope: 'system',
    max_restarts: 3,
    max_memory_mib: 8_192,
    max_cpu_percent: 95,
  } as const;
  const now: Moment = { own: 10 * minute, boot: 'a', uptime: 20 * minute };
  const before = { boot: 'a', restarts: 0, cpu: 500_000_000, at: 5 * minute };
  const judge = (changed: object, last: typeof before | null = before) =>
    judgeUnit(
      `${Object.entries({ ...running, ...changed })
        .map(([key, value]) => `${key}=${value}`)
        .join('\n')}\n`,
      settings,
      last ?? undefined,
      now,
    );

  it('running is healthy, since when it is told', () => {
    expect(judge({})).toMatchObject({ finding: { verdict: 'healthy' }, age: 20 * minute - 1_000 });
  });

  it.each([
    [
      'failed',
      { ActiveState: 'failed', SubState: 'failed', Result: 'exit-code' },
      'hermes.service is failed (failed, exit-code)',
    ],
    ['stopped', { ActiveState: 'inactive', SubState: 'dead' }, 'is inactive (dead, success)'],
    [
      'waiting for its restart',
      { ActiveState: 'activating', SubState: 'auto-restart', Result: 'signal' },
      'auto-restart, signal',
    ],
    ['not there', { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead' }, 'is not-found'],
    ['masked', { LoadState: 'masked', ActiveState: 'inactive', SubState: 'dead' }, 'is masked'],
    ['flapping between two looks', { NRestarts: '4' }, 'was restarted 4 times since the last check'],
    ['too large', { MemoryCurrent: String(9 * 1_073_741_824) }, 'uses 9216 MiB of memory, more than 8192'],
    ['in a loop', { CPUUsageNSec: '300500000000' }, 'used 100 % of a processor since the last check'],
  ])('%s is bad', (_what, changed, reason) => {
    const { finding } = judge(changed);
    expect(finding.verdict).toBe('dead');
    expect(finding.reason).toContain(reason);
  });

  it.each([
    ['no accounting', { MemoryCurrent: '[not set]', CPUUsageNSec: '[not set]' }, before],
    ['no accounting, as older ones say it', { MemoryCurrent: '18446744073709551615' }, before],
    ['restarts of another start of the host', { NRestarts: '9' }, { ...before, boot: 'b' }],
    ['the first look', { NRestarts: '9' }, null],
    ['counters that began anew with a restart', { CPUUsageNSec: '1' }, { ...before, restarts: 7 }],
    ['a reload', { ActiveState: 'reloading', SubState: 'reload' }, before],
  ])('%s is not', (_what, changed, last) => {
    expect(judge(changed, last).finding.verdict).toBe('healthy');
  });

  it('what is just starting is new', () => {
    expect(judge({ ActiveState: 'activating', SubState: 'start' })).toMatchObject({ finding: { verdict: 'dead' }, age: 0 });
  });
});
