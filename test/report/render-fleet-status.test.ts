import { describe, expect, it } from 'vitest';
import { plain } from '../../src/report/paint.ts';
import { renderFleetStatus } from '../../src/report/render-fleet-status.ts';
import { aStatus } from '../support/agent-port.ts';
import { fleetReportWith, outcomeWith } from './fleet-fixture.ts';

const at = { action: 'status', startedAt: '2026-11-20T13:00:30.000Z', duration: 0 } as const;

describe('the status of a fleet', () => {
  it('is a table with trouble first', () => {
    const hosts = [
      outcomeWith('allegro', { status: aStatus({ health: { at: '2026-11-20T08:00:30.000Z', checks: 2 } }) }),
      outcomeWith('bezalel', { verdict: 'unreachable', message: 'no answer within 10 s' }),
      outcomeWith('ezra', {
        status: aStatus({ suspended: { reason: 'disk swap', by: 'alice', until: '2026-11-20T15:00:30.000Z' }, differing: 2 }),
      }),
      outcomeWith('timmy', {
        verdict: 'rolledBack',
        message: 'unhealthy: gateway',
        status: aStatus({ stalled: 'thrice', health: { at: at.startedAt, checks: 2, failure: 'health check failed: gateway' } }),
      }),
    ];

    expect(renderFleetStatus(fleetReportWith(hosts, at), plain, 140)).toBe(
      [
        'HOST     REVISION  VERIFIED    STATE        DRIFT  HEALTH        AGENT',
        'timmy    cccccccc  60 min ago  rolled back  0      bad 0 s ago   1.2.3  stalled: thrice; health check failed: gateway; unhealthy: gateway',
        'bezalel  -         -           unreachable  -      -             -      no answer within 10 s',
        'ezra     cccccccc  60 min ago  converged    2      -             1.2.3  suspended for 2 h by alice: disk swap',
        'allegro  cccccccc  60 min ago  converged    0      good 5 h ago  1.2.3',
        '',
        '4 hosts: 1 rolled back, 1 unreachable, 2 converged (0 ms)',
        '',
      ].join('\n'),
    );
  });

  it('names everything that somebody should look at', () => {
    const status = aStatus({
      revision: { applied: 'c'.repeat(40), seen: 'd'.repeat(40), branch: 'main' },
      fetch: { at: at.startedAt, ok: false, remote: null, message: 'git.example does not resolve' },
      retry: { commit: 'd'.repeat(40), failures: 3, next: '2026-11-20T13:01:00.000Z' },
      approval: { run: 'run-7', reason: '12 files are deleted', planDigest: 'x', expires: at.startedAt },
      windowClosed: true,
      contested: ['file[/etc/motd]'],
    });
    const text = renderFleetStatus(fleetReportWith([outcomeWith('a', { status })], at), plain, 300);

    expect(text).toContain(
      'dddddddd failed 3x, again in 30 s; waits for reconcile approve run-7; window closed; 1 contested; offline: git.example',
    );
  });

  it('names what is taken back unless it is confirmed, and an update that was taken back', () => {
    const status = aStatus({
      unconfirmed: {
        run: 'run-8',
        state: 'waiting',
        by: 'person',
        because: ['file[/etc/ssh]'],
        until: '2026-11-20T13:05:30.000Z',
      },
      updateTakenBack: { version: '1.3.0', at: '2026-11-20T11:00:30.000Z' },
    });
    const text = renderFleetStatus(fleetReportWith([outcomeWith('a', { status })], at), plain, 300);

    expect(text).toContain('run-8 is taken back in 5 min without reconcile confirm; the update to 1.3.0 was taken back 2 h ago');
  });

  it('asks nobody to approve what is approved', () => {
    const approval = { run: 'run-7', reason: 'r', planDigest: 'x', expires: at.startedAt, approved: true } as const;
    const text = renderFleetStatus(fleetReportWith([outcomeWith('a', { status: aStatus({ approval }) })], at), plain);

    expect(text).toContain('approved, not applied yet');
    expect(text).not.toContain('reconcile approve');
  });

  it('says for whom a revision waits instead of that it is not applied', () => {
    const revision = { applied: 'c'.repeat(40), seen: 'd'.repeat(40), branch: 'main' };
    const shown = (waitsFor: string | null): string =>
      renderFleetStatus(fleetReportWith([outcomeWith('a', { status: aStatus({ revision, waitsFor }) })], at), plain);

    expect(shown('waits for wave canary (1 of 2 healthy)')).toMatch(/1\.2\.3  waits for wave canary \(1 of 2 healthy\)\n/);
    expect(shown(null)).toMatch(/1\.2\.3  dddddddd not applied yet\n/);
  });

  it('names a missing agent also where the last run has converged', () => {
    const message = 'no agent runs there; the last run: Applied and verified';
    const status = aStatus({ phase: 'absent', startedAt: null });
    const text = renderFleetStatus(fleetReportWith([outcomeWith('a', { message, status })], at), plain, 120);

    expect(text).toContain(`\na     cccccccc  60 min ago  converged  0      -       -      ${message}\n`);
  });

  it('has below it what did not fit, and what to do', () => {
    const message = `web.example is not known in known_hosts; it shows the ED25519 key SHA256:${'k'.repeat(43)}`;
    const text = renderFleetStatus(
      fleetReportWith([outcomeWith('a', { verdict: 'untrusted', message, hint: 'compare it' })], at),
      plain,
      100,
    );

    expect(text).toContain(`\n\na: ${message}\nhint: compare it\n1 host: `);
  });

  it('keeps every line within the terminal and hides what a terminal would act on', () => {
    const evil = `\u001b]0;x\u0007\n${'語'.repeat(1_000_000)}`;
    const status = aStatus({
      version: evil,
      stalled: evil,
      lastSuccess: 'never',
      revision: { applied: evil, seen: evil, branch: evil },
    });
    const text = renderFleetStatus(fleetReportWith([outcomeWith('a', { status }), outcomeWith(evil)], at), plain, 100);

    expect(text).not.toContain('\u001b');
    for (const line of text.split('\n')) expect(line.replaceAll('語', '語語').length).toBeLessThanOrEqual(100);
  });
});
