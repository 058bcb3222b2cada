import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSite, siteWith, type TempSite } from '../support/temp-site.ts';

const resources = (motd: string): string => `- kind: file
  path: /etc/motd
  content: "${motd}\\n"
- kind: file
  path: /etc/hello.conf
  source: hello.conf
  mode: '0640'
- kind: file
  path: /etc/made
  template: made.j2
`;

let site: TempSite;
beforeEach(() => {
  site = makeSite({
    'desired-state/site.yaml': siteWith(resources('{{ greeting }}')),
    'desired-state/files/hello.conf': 'a\nb\n',
    'desired-state/templates/made.j2': 'made for {{ inventory_hostname }}\n',
  });
});
afterEach(() => site.dispose());

const onHost = (path: string): string => readFileSync(join(site.root, path), 'utf8');
const edit = (path: string, text: string): void => writeFileSync(join(site.root, path), text);

describe('reconcile', () => {
  it('--check shows the plan, exits 2, and leaves the root empty', () => {
    const { exit, stdout } = site.reconcile('--check');

    expect(stdout).toContain('+ file[/etc/motd]  upstream: git added it');
    expect(stdout).toContain('+hello');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('Plan: 3 to add, 0 to change, 0 to remove');
    expect(exit).toBe(2);
    expect(existsSync(join(site.root, 'etc'))).toBe(false);
    expect(existsSync(join(site.root, 'var'))).toBe(false);
  });

  it('converges, and the second run says so in one line', () => {
    const first = site.reconcile();
    const second = site.reconcile();

    expect(first.stdout).toMatch(/Applied and verified: 3 added, 0 changed, 0 removed.* \(.*s\)\n$/);
    expect(first.exit).toBe(0);
    expect(onHost('etc/motd')).toBe('hello\n');
    expect(second.stdout).toMatch(/^Converged: 3 resources, nothing to do \(\d+ ms\)\n$/);
    expect(second.exit).toBe(0);
  });

  it('tells drift (3) from upstream changes (2) from both (4)', () => {
    site.reconcile();

    edit('etc/hello.conf', 'a\nc\n');
    const drift = site.reconcile('--check');
    expect(drift.stdout).toContain('~ file[/etc/hello.conf]  drift: changed on this host');
    expect(drift.stdout).toContain('-c\n');
    expect(drift.exit).toBe(3);

    site.write({ 'desired-state/site.yaml': siteWith(resources('changed')) });
    expect(site.reconcile('--check').exit).toBe(4);

    edit('etc/hello.conf', 'a\nb\n');
    expect(site.reconcile('--check').exit).toBe(2);
  });

  it('-o json prints the report, -o ndjson its events, and nothing else', () => {
    const report = JSON.parse(site.reconcile('--check', '-o', 'json').stdout) as object;
    const events = site
      .reconcile('-o', 'ndjson')
      .stdout.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly schema: string });

    expect(report).toMatchObject({ schema: 'reconcile.report/1', outcome: 'upstreamPending', writes: 0, counts: { create: 3 } });
    expect(new Set(events.map(({ schema }) => schema))).toEqual(new Set(['reconcile.event/1']));
    expect(events[0]?.type).toBe('run-started');
    expect(events.at(-1)).toMatchObject({ type: 'finished', report: { outcome: 'converged' } });
  });

  it('lists every problem of the documents and exits 65', () => {
    site.write({ 'desired-state/site.yaml': siteWith('- kind: fiel\n  path: /x\n- kind: file\n  path: /y\n  contnt: z\n') });

    const { exit, stdout } = site.reconcile();

    expect(stdout).toMatch(/^desired-state\/site\.yaml:4:\d+ .*fiel/m);
    expect(stdout).toMatch(/^desired-state\/site\.yaml:\d+:\d+ .*contnt/m);
    expect(exit).toBe(65);
    expect(site.run('validate').stdout).toContain('Invalid');
    expect(site.run('validate').exit).toBe(65);
  });
});

describe('plan and apply', () => {
  const plan = (): string => {
    expect(site.run('plan', '--host', 'demo', '--root', site.root, '-o', 'p.json').exit).toBe(0);
    return join(site.source, 'p.json');
  };

  it('do exactly what was planned', () => {
    const { exit, stdout } = site.run('apply', plan());

    expect(stdout).toContain('Applied and verified: 3 added');
    expect(exit).toBe(0);
  });

  it('refuse with exit 7 when the host has moved, and write nothing', () => {
    const file = plan();
    mkdirSync(join(site.root, 'etc'));
    edit('etc/motd', 'somebody was here\n');

    const { exit, stdout } = site.run('apply', file);

    expect(stdout).toContain('[stale-plan]');
    expect(exit).toBe(7);
    expect(onHost('etc/motd')).toBe('somebody was here\n');
  });

  it('refuse with exit 7 when the revision has moved', () => {
    const file = plan();
    site.write({ 'roles/note.txt': 'nothing of weight\n' });
    site.commit('second');

    const { exit, stderr } = site.run('apply', file);

    expect(stderr).toContain('the revision has moved');
    expect(exit).toBe(7);
    expect(existsSync(join(site.root, 'etc'))).toBe(false);
  });
});

describe('explain', () => {
  it('tells value, place, variables, commit, last run and what is open now', () => {
    site.reconcile();
    edit('etc/motd', 'mine\n');

    const { exit, stdout } = site.run('explain', '/etc/motd', '--host', 'demo', '--root', site.root);

    expect(stdout).toContain('file[/etc/motd]');
    expect(stdout).toContain('| hello');
    expect(stdout).toMatch(/desired-state\/site\.yaml:4:\d+/);
    expect(stdout).toMatch(/greeting: inventory\/hosts\.yml/);
    expect(stdout).toMatch(/[0-9a-f]{8} by Ada, .*: first/);
    expect(stdout).toContain('changed, upstream: git added it');
    expect(stdout).toContain('drift: changed on this host');
    expect(exit).toBe(0);
  });

  it('names the nearest for what is not managed', () => {
    const { exit, stderr } = site.run('explain', '/etc/mtod', '--host', 'demo', '--root', site.root);

    expect(stderr).toContain('did you mean /etc/motd?');
    expect(exit).toBe(64);
  });
});

describe('adopt', () => {
  const adopt = (path: string) => site.run('adopt', path, '--host', 'demo', '--root', site.root);

  it('moves a local edit into its source file, and the next run has nothing to do', () => {
    site.reconcile();
    edit('etc/hello.conf', 'a\nmine\n');

    const { exit, stdout } = adopt('/etc/hello.conf');

    expect(stdout).toContain('desired-state/files/hello.conf: written from /etc/hello.conf (7 bytes)');
    expect(exit).toBe(0);
    expect(readFileSync(join(site.source, 'desired-state/files/hello.conf'), 'utf8')).toBe('a\nmine\n');
    expect(site.reconcile('--check').exit).toBe(0);
  });

  it.each([
    ['/etc/made', 'made from the template made.j2'],
    ['/etc/motd', 'stands in desired-state/site.yaml:4:'],
    ['/etc/foreign', 'nothing manages /etc/foreign'],
  ])('refuses %s: %s', (path, reason) => {
    site.reconcile();
    edit(path.slice(1), 'mine\n');

    const { exit, stderr } = adopt(path);

    expect(stderr).toContain(reason);
    expect(exit).toBe(7);
  });
});

describe('rollback', () => {
  const rollback = (...args: readonly string[]) => site.run('rollback', '--root', site.root, ...args);

  it('puts back what the last run replaced, and the revision is not applied again', () => {
    site.reconcile();
    site.write({ 'desired-state/site.yaml': siteWith(resources('second')) });
    site.reconcile();
    expect(onHost('etc/motd')).toBe('second\n');

    const { exit, stdout } = rollback();

    expect(stdout).toContain('taken back');
    expect(exit).toBe(0);
    expect(onHost('etc/motd')).toBe('hello\n');
    const again = site.reconcile();
    expect(again.stdout).toContain('[quarantined]');
    expect(again.exit).toBe(7);
    expect(onHost('etc/motd')).toBe('hello\n');
  });

  it('restores the ledger too: the superseding revision finds upstream changes, not conflicts', () => {
    site.reconcile();
    site.write({ 'desired-state/site.yaml': siteWith(resources('second')) });
    site.reconcile();
    rollback();
    site.write({ 'desired-state/site.yaml': siteWith(resources('third')) });

    const { exit, stdout } = site.reconcile('--check');

    expect(stdout).toContain('~ file[/etc/motd]  upstream: git changed it');
    expect(exit).toBe(2);
  });

  it('of an older run takes back the later ones too', () => {
    site.reconcile();
    const [first] = JSON.parse(site.run('history', '--root', site.root, '-o', 'json').stdout) as { readonly run: string }[];
    site.write({ 'desired-state/site.yaml': siteWith(resources('second')) });
    site.reconcile();

    expect(rollback(first!.run).exit).toBe(0);
    expect(existsSync(join(site.root, 'etc/motd'))).toBe(false);
    expect(existsSync(join(site.root, 'etc'))).toBe(false);
  });

  it('without a run exits 64', () => {
    expect(rollback().exit).toBe(64);
    site.reconcile();
    expect(rollback('nothing').exit).toBe(64);
  });
});
