import { describe, expect, it } from 'vitest';
import type { HostOutcome } from '../../src/model/fleet.ts';
import { plain } from '../../src/report/paint.ts';
import { renderOutputs } from '../../src/report/render-fleet-outputs.ts';
import { renderRecap } from '../../src/report/render-fleet-recap.ts';
import { fleetReportWith, outcomeWith } from './fleet-fixture.ts';
import { reportWith } from './report-fixture.ts';

const counts = { resources: 42, converged: 39, create: 1, update: 1, remove: 0, held: 0, failed: 0, adopted: 0 };

describe('the recap of a push', () => {
  it('has a line per host with counts, verdict and reason, and says how to repeat it', () => {
    const report = fleetReportWith(
      [
        outcomeWith('allegro', { report: reportWith({ counts }) }),
        outcomeWith('bezalel', {
          verdict: 'rolledBack',
          message: 'service[hermes] did not become healthy',
          report: reportWith({ outcome: 'rolledBack', counts: { ...counts, failed: 1 } }),
        }),
        outcomeWith('ezra', { verdict: 'unreachable', message: 'no answer within 10 s', hint: 'is it on?' }),
        outcomeWith('timmy', { verdict: 'halted', message: 'the rollout stopped before it' }),
      ],
      { action: 'push', halted: 'wave canary: 1 of 2 hosts failed' },
    );

    expect(renderRecap(report, plain, 100)).toBe(
      [
        'allegro  converged    ok=40 changed=2           120 ms',
        'bezalel  rolled back  ok=39 changed=2 failed=1  service[hermes] did not become healthy',
        'ezra     unreachable                            no answer within 10 s',
        'timmy    not reached                            the rollout stopped before it',
        '',
        'hint: is it on?',
        '4 hosts: 1 rolled back, 1 unreachable, 1 not reached, 1 converged (1.2 s)',
        'Halted: wave canary: 1 of 2 hosts failed',
        'reconcile fleet push --retry-failed goes to 3 hosts again',
        '',
      ].join('\n'),
    );
  });

  it('tells the problems once for all hosts that have the same ones, and of no change where nothing was written', () => {
    const problem = {
      code: 'base-url-denied',
      message: 'file[/etc/passwd] is outside of paths',
      at: { file: 'roles/base/role.yaml', line: 12, column: 5 },
      hint: 'paths: of the host policy',
    } as const;
    const refused = (host: string): HostOutcome =>
      outcomeWith(host, {
        verdict: 'refused',
        message: 'Refused: 1 problem',
        report: reportWith({ host, outcome: 'refused', counts, problems: [problem] }),
      });
    const unread = { ...problem, code: 'unknown-key', message: 'unknown key "ownr"', hint: 'owner' } as const;
    const invalid = outcomeWith('ezra', {
      verdict: 'invalid',
      message: 'Invalid: 1 problem',
      report: reportWith({ outcome: 'invalid', counts: { ...counts, resources: 0, create: 0, update: 0 }, problems: [unread] }),
    });
    const report = fleetReportWith([refused('allegro'), invalid, refused('bezalel')], { action: 'apply' });

    expect(renderRecap(report, plain, 100)).toBe(
      [
        '2 hosts, refused: allegro, bezalel',
        '',
        'roles/base/role.yaml:12:5  file[/etc/passwd] is outside of paths; paths: of the host policy [base-url-denied]',
        '',
        '1 host, invalid: ezra',
        '',
        'roles/base/role.yaml:12:5  unknown key "ownr"; owner [unknown-key]',
        '',
        'allegro  refused  ok=40  Refused: 1 problem',
        'ezra     invalid  ok=0   Invalid: 1 problem',
        'bezalel  refused  ok=40  Refused: 1 problem',
        '',
        '3 hosts: 1 invalid, 2 refused (1.2 s)',
        'reconcile fleet apply --retry-failed goes to 3 hosts again',
        '',
      ].join('\n'),
    );
  });

  it('of a rollout that was interrupted does not advise to go to some of its hosts only', () => {
    const hosts = [outcomeWith('a'), outcomeWith('b', { verdict: 'halted', message: 'not begun' })];
    const halted = 'interrupted; the same command goes on where it was';
    const text = renderRecap(fleetReportWith(hosts, { action: 'push', halted }), plain, 100, { isOpen: true });

    expect(text).toMatch(/\nHalted: interrupted; the same command goes on where it was\n$/);
  });

  it('of nobody says so', () => {
    expect(renderRecap(fleetReportWith([]), plain)).toBe('0 hosts: none was chosen (1.2 s)\n');
  });

  it('is bounded and harmless whatever a host says', () => {
    const evil = `\u001b[31m\u2028${'\n'.repeat(5_000_000)}`;
    const text = renderRecap(fleetReportWith([outcomeWith('a', { verdict: 'error', message: evil, hint: evil })]), plain, 80);

    expect(text).not.toMatch(/[\p{Cf}\p{Zl}]|\p{Cc}(?<!\n)/u);
    expect(text.split('\n').length).toBe(6);
    expect(text.length).toBeLessThan(1_000);
  });

  it('has below it what did not fit into its lines, once for all hosts', () => {
    const message = `web.example is not known in known_hosts; it shows the ED25519 key SHA256:${'k'.repeat(43)}`;
    const hosts = ['a', 'b'].map((host) => outcomeWith(host, { verdict: 'untrusted', message, hint: 'compare it' }));
    const lines = renderRecap(fleetReportWith(hosts, { action: 'push' }), plain, 80).split('\n');

    expect(lines[0]).toMatch(/^a {2}untrusted host key .{1,60}\.\.\.$/);
    expect(lines.slice(2, 5)).toEqual(['', `a, b: ${message}`, 'hint: compare it']);
  });
});

describe('the outputs of a program on all hosts', () => {
  it('are told once per output and end', () => {
    const ok = { message: 'exit 0', output: 'Linux 6.1\n' };
    const hosts = [
      outcomeWith('a', { verdict: 'error', message: 'exit 1', output: '' }),
      outcomeWith('b', ok),
      outcomeWith('c', ok),
      outcomeWith('d', { message: 'exit 0', output: 'Linux 5.10\n' }),
    ];

    expect(renderOutputs(fleetReportWith(hosts, { action: 'run' }), plain, 80)).toBe(
      [
        '2 hosts: b, c',
        '  exit 0',
        '    Linux 6.1',
        '',
        '1 host: a',
        '  exit 1',
        '',
        '1 host: d',
        '  exit 0',
        '    Linux 5.10',
        '',
        '4 hosts: 1 error, 3 done (1.2 s)',
        '',
      ].join('\n'),
    );
  });

  it('are indented, cut and harmless', () => {
    const output = `\u001b[2J\n4 hosts: all is well\n${'y\n'.repeat(1_000_000)}`;
    const text = renderOutputs(fleetReportWith([outcomeWith('a', { output })]), plain);

    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/^4 hosts/m);
    expect(text.length).toBeLessThan(1_500_000);
    expect(text).toContain('more characters\n');
  });
});
