import { describe, expect, it } from 'vitest';
import { exitCodes, exitNames } from '../../src/model/exit-code.ts';
import { plain } from '../../src/report/paint.ts';
import { duration, renderReport, renderSteps } from '../../src/report/render-text.ts';
import { reportWith, stepWith } from './report-fixture.ts';

const shown = (members: Parameters<typeof reportWith>[0]): string => renderReport(reportWith(members), plain, 'full');

describe('a report', () => {
  it('of a converged host is one line', () => {
    expect(shown({ summary: 'Converged: 42 resources, nothing to do' })).toBe('Converged: 42 resources, nothing to do (38 ms)\n');
  });

  it('of a check names host, revision, steps, and ends with the plan', () => {
    const text = shown({
      action: 'check',
      outcome: 'upstreamPending',
      exit: 2,
      summary: '3 of 42 resources would change; nothing was written',
      steps: [stepWith()],
    });

    expect(text).toBe(
      [
        'allegro at 1a2b3c4d (main)',
        '',
        '~ file[/etc/motd]  upstream: git changed it',
        '    mode  0644 → 0444',
        '    role base, roles/base/role.yaml:12:5',
        '',
        '3 of 42 resources would change; nothing was written (38 ms)',
        'Plan: 0 to add, 1 to change, 0 to remove',
        '',
      ].join('\n'),
    );
  });

  it('of an apply tells what was done and how long it took', () => {
    const text = shown({ summary: 'Applied and verified: 3 added', steps: [stepWith({ outcome: 'changed' })], duration: 1_234 });

    expect(text.split('\n').at(-2)).toBe('Applied and verified: 3 added (1.2 s)');
  });

  it('counts what is to be done, held and adopted in the plan line', () => {
    const steps = [
      ...(['create', 'create', 'update', 'replace', 'remove'] as const).map((action) => stepWith({ action })),
      stepWith({ outcome: 'held' }),
      stepWith({ action: 'none', cause: 'adopted', outcome: 'unchanged' }),
    ];

    const text = shown({ outcome: 'driftOnly', exit: 3, steps });

    expect(text.split('\n').at(-2)).toBe('Plan: 2 to add, 2 to change, 1 to remove, 1 held, 1 adopted');
  });

  it('lists problems as file:line:column with code and related places', () => {
    const text = shown({
      outcome: 'invalid',
      exit: 65,
      summary: 'Invalid configuration: 1 problem; nothing was written',
      problems: [
        {
          code: 'duplicate-resource',
          message: 'file[/etc/motd] is managed twice',
          at: { file: 'roles/b/role.yaml', line: 3, column: 5 },
          related: [{ file: 'roles/a/role.yaml', line: 7, column: 5 }],
          hint: 'keep one',
        },
      ],
    });

    expect(text).toBe(
      'roles/b/role.yaml:3:5  file[/etc/motd] is managed twice; keep one (see roles/a/role.yaml:7:5) [duplicate-resource]\n' +
        'Invalid configuration: 1 problem; nothing was written (38 ms)\n',
    );
  });

  it.each(exitNames)('with the outcome %s has a closing line with the duration', (outcome) => {
    const text = shown({ outcome, exit: exitCodes[outcome].code, summary: 'why it ended so' });

    expect(text).toMatch(/\(38 ms\)/);
    expect(text.split('\n').at(-1)).toBe('');
  });

  it('names failed refreshes, health checks and what was recovered', () => {
    const text = shown({
      outcome: 'rolledBack',
      exit: 6,
      summary: 'health check failed',
      refreshes: [{ name: 'command[reload]', ok: false, message: 'exit 1' }],
      health: [{ name: 'http http://127.0.0.1:8080/health', ok: true }],
      recovered: ['file[/etc/a]'],
    });

    expect(text).toContain('refresh failed: command[reload]: exit 1');
    expect(text).toContain('healthy: http http://127.0.0.1:8080/health');
    expect(text).toContain('restored file[/etc/a]');
    expect(text).toContain('health check failed (38 ms)');
  });
});

describe('a step', () => {
  const text = (members: Parameters<typeof stepWith>[0]): string => renderSteps([stepWith(members)], plain, 'full');

  it.each([
    ['create', 'upstream', '+ file[/etc/motd]  upstream: git added it'],
    ['update', 'drift', '~ file[/etc/motd]  drift: changed on this host'],
    ['create', 'drift', '+ file[/etc/motd]  drift: removed on this host'],
    ['replace', 'conflict', '± file[/etc/motd]  conflict: changed in git and on this host'],
    ['remove', 'orphan', '- file[/etc/motd]  orphan: no longer in git'],
    ['none', 'adopted', '= file[/etc/motd]  adopted: already as git wants it'],
    ['update', 'unmanaged', '~ file[/etc/motd]  unmanaged: stood here before reconcile'],
  ] as const)('that would %s because of %s says so in words', (action, cause, line) => {
    expect(text({ action, cause }).split('\n')[0]).toBe(line);
  });

  it('never shows a sensitive value', () => {
    const shownText = text({ changes: [{ field: 'set.token', from: 'canary-1', to: 'canary-2', sensitive: true }] });

    expect(shownText).not.toContain('canary');
    expect(shownText).toContain('set.token  <secret> → <secret>');
    expect(text({ changes: [{ field: 'mode', from: '0644', to: '0600', sensitive: true }] })).toContain('mode  0644 → 0600');
  });

  it('with nothing to do is one line, without a header above it', () => {
    const held = stepWith({ action: 'none', cause: 'unmanaged', outcome: 'held', reason: 'needs a live host', changes: [] });

    expect(shown({ steps: [held], summary: 'Converged' })).toBe(
      '= file[/etc/motd]  held: needs a live host\n\nConverged (38 ms)\n',
    );
  });

  it('that is held shows its diff only in full', () => {
    const held = stepWith({ outcome: 'held', diffs: [{ path: '/x', text: '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n' }] });

    expect(renderSteps([held], plain, 'brief')).not.toContain('+b');
    expect(renderSteps([held], plain, 'full')).toContain('+b');
  });

  it('says why it is held and what it refreshes', () => {
    const shownText = text({ outcome: 'held', reason: 'on_drift: hold', refreshes: ['command[reload]'] });

    expect(shownText).toContain('held: on_drift: hold');
    expect(shownText).toContain('then refreshes command[reload]');
  });

  it('shows digests short, and not at all where the diff tells more', () => {
    const changes = [{ field: 'content', from: 'a'.repeat(64), to: 'b'.repeat(64) }];

    expect(text({ changes })).toContain('content  aaaaaaaaaaaa → bbbbbbbbbbbb');
    expect(text({ changes, diffs: [{ path: '/etc/motd', text: '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n' }] })).not.toContain(
      'aaaaaaaaaaaa',
    );
  });

  it('escapes what hostile contents, names and messages would do to a terminal', () => {
    const shownText = text({
      address: 'file[/tmp/\x1b]0;owned\x07]',
      reason: 'a\nPlan: 0 to add, 0 to change, 0 to remove',
      changes: [{ field: 'mode\x1b', from: '\x1b[31m', to: 'x' }],
      diffs: [{ path: '/x', text: '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\x1b[2J\n+\u202e\n' }],
    });

    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    expect(shownText).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(shownText).not.toMatch(/^Plan:/m);
  });

  it('a tree of very many files tells of those that have no diff, each looked for once', () => {
    const fields = Array.from({ length: 200_000 }, (_, number) => `d/${number}`);
    const changes = fields.map((field) => ({ field, from: null, to: '0644 x' }));
    const diffs = fields.slice(0, 1000).map((field) => ({ path: `/srv/${field}`, text: '--- a\n+++ b\n' }));
    const began = process.cpuUsage();

    const shown = renderSteps([stepWith({ changes, diffs })], plain, 'brief');

    const { user } = process.cpuUsage(began);
    expect(shown).not.toMatch(/^ +d\/999 /m);
    expect(shown).toMatch(/^ +d\/1000 /m);
    expect(user / 1_000_000).toBeLessThan(3);
  });

  it('shows the beginning of long diffs in the brief form, and how to see the rest', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `+line ${index}`);
    const diffs = [{ path: '/x', text: `--- a/x\n+++ b/x\n@@ -0,0 +1,100 @@\n${lines.join('\n')}\n` }];

    const brief = renderSteps([stepWith({ diffs })], plain, 'brief');

    expect(brief).toContain('+line 12');
    expect(brief).not.toContain('+line 13');
    expect(brief).toContain('... 87 more lines of /x; --diff shows more');
    expect(renderSteps([stepWith({ diffs })], plain, 'full')).toContain('+line 99');
  });
});

it.each([
  [38.4, '38 ms'],
  [999.6, '1.0 s'],
  [59_949, '59.9 s'],
  [59_960, '1 min 0 s'],
  [299_600, '5 min 0 s'],
  [200_000, '3 min 20 s'],
])('%d ms read as %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});
