import { describe, expect, it } from 'vitest';
import type { HostOutcome } from '../../src/model/fleet.ts';
import type { ReportedStep } from '../../src/model/report.ts';
import { plain } from '../../src/report/paint.ts';
import { renderFleetCheck } from '../../src/report/render-fleet-check.ts';
import { fleetReportWith, outcomeWith } from './fleet-fixture.ts';
import { reportWith, stepWith } from './report-fixture.ts';

const pending = (host: string, steps: readonly ReportedStep[]): HostOutcome =>
  outcomeWith(host, {
    verdict: 'upstreamPending',
    message: 'would change',
    report: reportWith({ host, action: 'check', outcome: 'upstreamPending', steps }),
  });
const motd = stepWith({ diffs: [{ path: '/etc/motd', text: '--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n' }] });
const cron = stepWith({ address: 'cron[deadman]', action: 'create', changes: [] });
const shown = (hosts: readonly HostOutcome[], detail: 'brief' | 'full' = 'brief', columns = 100): string =>
  renderFleetCheck(fleetReportWith(hosts), detail, plain, columns);

describe('a fleet check', () => {
  it('tells one step once for all hosts that have it, what most have in common first', () => {
    const text = shown([
      pending('timmy', [cron]),
      pending('allegro', [motd, cron]),
      outcomeWith('forge', { report: reportWith() }),
      pending('bezalel', [motd, cron]),
    ]);

    expect(text).toBe(
      [
        '3 hosts: timmy, allegro, bezalel',
        '',
        '+ cron[deadman]  upstream: git added it',
        '    role base, roles/base/role.yaml:12:5',
        '',
        '2 hosts: allegro, bezalel',
        '',
        '~ file[/etc/motd]  upstream: git changed it',
        '    mode  0644 → 0444',
        '    role base, roles/base/role.yaml:12:5',
        '    --- a',
        '    +++ b',
        '    @@ -1 +1 @@',
        '    -old',
        '    +new',
        '',
        '1 host, converged: forge',
        '',
        '4 hosts: 3 changes pending, 1 converged (1.2 s)',
        '',
      ].join('\n'),
    );
  });

  it('shows one step for all hosts where each has its own', () => {
    const own = (host: string): ReportedStep => ({ ...motd, diffs: [{ path: '/etc/motd', text: `@@ -1 +1 @@\n+${host}\n` }] });
    const text = shown(['a', 'b', 'c'].map((host) => pending(host, [own(host), cron])));

    expect(text.split('\n').slice(0, 10)).toEqual([
      '3 hosts: a, b, c',
      '',
      '~ file[/etc/motd]  upstream: git changed it',
      '    on each host its own; that of a:',
      '    mode  0644 → 0444',
      '    role base, roles/base/role.yaml:12:5',
      '    @@ -1 +1 @@',
      '    +a',
      '',
      '+ cron[deadman]  upstream: git added it',
    ]);
  });

  it('shows what is done on few hosts beside what is done on many', () => {
    const gone = stepWith({ action: 'remove', cause: 'orphan', changes: [] });
    const other = (mode: string): ReportedStep => ({ ...motd, changes: [{ field: 'mode', from: mode, to: '0444' }] });
    const many = Array.from({ length: 18 }, (_, index) => pending(`m${index}`, [motd]));
    const text = shown([...many, pending('x', [other('0600')]), pending('y', [other('0640')]), pending('z', [gone, gone])]);

    expect(text).not.toContain('on each host its own');
    expect(text).toMatch(/^18 hosts: m0, [^]*\n1 host: x\n[^]*0600[^]*\n1 host: y\n[^]*0640[^]*\n1 host: z\n\n- file/);
  });

  it('groups hosts that gave no plan by verdict and message, with each hint once', () => {
    const down = { verdict: 'unreachable', message: 'no answer within 10 s' } as const;
    const changed = { verdict: 'untrusted', hint: '`reconcile fleet trust HOST` enrols it' } as const;
    const text = shown([
      outcomeWith('a', down),
      outcomeWith('b', { ...changed, message: 'the host key is another' }),
      outcomeWith('c', down),
      outcomeWith('d', { ...changed, message: 'the host key is unknown' }),
    ]);

    expect(text).toBe(
      [
        '2 hosts, unreachable',
        '  a, c: no answer within 10 s',
        '',
        '2 hosts, untrusted host key',
        '  b: the host key is another',
        '  d: the host key is unknown',
        '  hint: `reconcile fleet trust HOST` enrols it',
        '',
        '4 hosts: 2 untrusted host key, 2 unreachable (1.2 s)',
        '',
      ].join('\n'),
    );
  });

  it('keeps hosts apart whose diffs differ in one character', () => {
    const other = { ...motd, diffs: [{ path: '/etc/motd', text: motd.diffs[0]!.text.replace('+new', '+neu') }] };

    expect(shown([pending('a', [motd]), pending('b', [other])])).toMatch(/1 host: a\n[^]*1 host: b\n/);
  });

  it('does not keep hosts apart by what says nothing about the plan', () => {
    const elsewhere = { ...motd, origin: 'inventory/hosts.yml:3:1' };

    expect(shown([pending('a', [motd]), pending('b', [elsewhere])])).toContain('2 hosts: a, b');
  });

  it('of 200 hosts with one plan is no longer than that of two', () => {
    const names = Array.from({ length: 200 }, (_, number) => `host${number}.example`);
    const text = shown(names.map((name) => pending(name, [motd, cron])));

    expect(text.split('\n').length).toBe(shown(names.slice(0, 2).map((name) => pending(name, [motd, cron]))).split('\n').length);
    expect(text.split('\n')[0]).toBe('200 hosts: host0.example, host1.example, host2.example, host3.example and 196 more');
  });

  it('of 200 hosts with 50 different steps each stays a page, unless all of it is asked for', () => {
    const hosts = Array.from({ length: 200 }, (_, host) =>
      pending(
        `host${host}`,
        Array.from({ length: 50 }, (_each, step) => stepWith({ address: `file[/srv/${host}/${step}]` })),
      ),
    );

    expect(shown(hosts).split('\n').length).toBeLessThan(1_000);
    expect(shown(hosts)).toContain('  ~ file[/srv/0/0], ~ file[/srv/0/1]');
    expect(shown(hosts, 'full').split('\n').length).toBeGreaterThan(30_000);
  });

  it('shows why a host refuses', () => {
    const report = reportWith({
      outcome: 'refused',
      problems: [{ code: 'protected-path', message: '/etc/shadow is protected' }],
    });
    const text = shown([outcomeWith('a', { verdict: 'refused', message: report.summary, report })]);

    expect(text).toContain('1 host, refused: a\n\n/etc/shadow is protected [protected-path]\n\n1 host: 1 refused');
  });

  it('shows once what failed on several hosts, each in a run of its own', () => {
    const refused = (host: string, run: string) => {
      const message = `this revision failed here and was rolled back: run ${run}: x.service does not exist`;
      const report = reportWith({ outcome: 'refused', problems: [{ code: 'quarantined', message }] });
      return outcomeWith(host, { verdict: 'refused', message: report.summary, report });
    };
    const [a, b] = [refused('a', '20261122T185620Z-0001db'), refused('b', '20261122T185630Z-0001a1.2')];

    expect(shown([a, b])).toContain(
      '2 hosts, refused: a, b\n\nthis revision failed here and was rolled back: x.service does not exist [quarantined]\n',
    );
    expect(shown([a])).toContain('rolled back: run 20261122T185620Z-0001db: x.service');
  });

  it('shows a bounded, harmless part of what a hostile host sends', () => {
    const evil = `\u001b[2J\u202e\n${'x'.repeat(10_000_000)}`;
    const step = stepWith({
      address: evil,
      origin: evil,
      reason: evil,
      changes: [{ field: evil, from: evil, to: [evil] }],
      diffs: [{ path: evil, text: evil }],
      refreshes: [evil],
    });
    const report = reportWith({
      host: evil,
      summary: evil,
      outcome: 'refused',
      steps: [step],
      problems: [{ code: 'remote-failed', message: evil, hint: evil, at: { file: evil, line: 1, column: 1 } }],
    });
    const text = shown([
      outcomeWith('a', { verdict: 'refused', message: evil, hint: evil, report }),
      outcomeWith('b', { verdict: 'garbled', message: evil, hint: evil }),
    ]);

    expect(text).not.toMatch(/[\p{Cf}\p{Zl}]|\p{Cc}(?<!\n)/u);
    expect(text.length).toBeLessThan(20_000);
    expect(shown([outcomeWith('a', { report })], 'full').length).toBeLessThan(400_000);
  });
});
