import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stateDirectory } from '../../src/state/state-directory.ts';
import { writeSuspension } from '../../src/state/suspension.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';

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

let repository: Repository;
beforeEach(() => {
  repository = makeRepository(resources('{{ greeting }}'), {
    'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n      greeting: hello\n',
    'desired-state/files/hello.conf': 'a\nb\n',
    'desired-state/templates/made.j2': 'made for {{ inventory_hostname }}\n',
  });
  repository.commit('first');
});
afterEach(() => repository[Symbol.dispose]());

const onHost = (path: string): string => readFileSync(join(repository.root, path), 'utf8');
const edit = (path: string, text: string): void => writeFileSync(join(repository.root, path), text);

describe('reconcile', () => {
  it('--check of a suspended host says what would change, and that nothing will', () => {
    writeSuspension(stateDirectory(repository.root), { reason: 'disk', by: 'ada', until: '2099-01-01T00:00:00.000Z' });

    const pending = repository.run(['--check']);

    expect(pending.stdout).toContain('nothing was written. Suspended by ada until 2099-01-01T00:00:00.000Z: disk');
    expect(pending.exit).toBe(2);
    expect(repository.run([]).exit).toBe(5);
  });

  it('a suspended host has the name of its policy', () => {
    writeSuspension(stateDirectory(repository.root), { reason: 'disk', by: 'ada', until: '2099-01-01T00:00:00.000Z' });
    const policy = join(repository.path, '../host.yaml');
    writeFileSync(policy, 'host: box\n', { mode: 0o600 });
    const args = ['--source', repository.path, '--root', repository.root, '-o', 'json'];

    const { stdout } = runCli(args, { env: { RECONCILE_HOST_POLICY: policy } });

    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'busy', host: 'box' });
  });

  it('--check shows the plan, exits 2, and leaves the root empty', () => {
    const { exit, stdout } = repository.run(['--check']);

    expect(stdout).toContain('+ file[/etc/motd]  upstream: git added it');
    expect(stdout).toContain('+hello');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('Plan: 3 to add, 0 to change, 0 to remove');
    expect(exit).toBe(2);
    expect(existsSync(join(repository.root, 'etc'))).toBe(false);
    expect(existsSync(join(repository.root, 'var'))).toBe(false);
  });

  it('converges, and the second run says so in one line', () => {
    const first = repository.run();
    const second = repository.run();

    expect(first.stdout).toMatch(/Applied and verified: 3 added, 0 changed, 0 removed.* \(.*s\)\n$/);
    expect(first.exit).toBe(0);
    expect(onHost('etc/motd')).toBe('hello\n');
    expect(second.stdout).toMatch(/^Converged: 3 resources, nothing to do \(\d+ ms\)\n$/);
    expect(second.exit).toBe(0);
  });

  it('tells drift (3) from upstream changes (2) from both (4)', () => {
    repository.run();

    edit('etc/hello.conf', 'a\nc\n');
    const drift = repository.run(['--check']);
    expect(drift.stdout).toContain('~ file[/etc/hello.conf]  drift: changed on this host');
    expect(drift.stdout).toContain('-c\n');
    expect(drift.exit).toBe(3);

    repository.write('desired-state/site.yaml', site(resources('changed')));
    expect(repository.run(['--check']).exit).toBe(4);

    edit('etc/hello.conf', 'a\nb\n');
    expect(repository.run(['--check']).exit).toBe(2);
  });

  it('-o json prints the report, -o ndjson its events, and nothing else', () => {
    const report = JSON.parse(repository.run(['--check', '-o', 'json']).stdout) as object;
    const events = repository
      .run(['-o', 'ndjson'])
      .stdout.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly schema: string });

    expect(report).toMatchObject({ schema: 'reconcile.report/1', outcome: 'upstreamPending', writes: 0, counts: { create: 3 } });
    expect(new Set(events.map(({ schema }) => schema))).toEqual(new Set(['reconcile.event/1']));
    expect(events[0]?.type).toBe('run-started');
    expect(events.at(-1)).toMatchObject({ type: 'finished', report: { outcome: 'converged' } });
  });

  it('lists every problem of the documents and exits 65', () => {
    repository.write('desired-state/site.yaml', site('- kind: fiel\n  path: /x\n- kind: file\n  path: /y\n  contnt: z\n'));

    const { exit, stdout } = repository.run();

    expect(stdout).toMatch(/^desired-state\/site\.yaml:4:\d+ .*fiel/m);
    expect(stdout).toMatch(/^desired-state\/site\.yaml:\d+:\d+ .*contnt/m);
    expect(exit).toBe(65);
    expect(repository.cli('validate').stdout).toContain('Invalid');
    expect(repository.cli('validate').exit).toBe(65);
  });
});

describe('plan and apply', () => {
  const plan = (): string => {
    expect(repository.cli('plan', '--host', 'box', '--root', repository.root, '-o', 'p.json').exit).toBe(0);
    return join(repository.path, 'p.json');
  };

  it('do exactly what was planned, and nothing when they are asked again, until something has moved', () => {
    const file = plan();
    const { exit, stdout } = repository.cli('apply', file);

    expect(stdout).toContain('Applied and verified: 3 added');
    expect(exit).toBe(0);
    const again = repository.cli('apply', file);
    expect([again.exit, again.stdout]).toEqual([0, expect.stringContaining('nothing to do')]);
    edit('etc/motd', 'somebody was here\n');
    expect(repository.cli('apply', file)).toMatchObject({ exit: 7, stdout: expect.stringContaining('[stale-plan]') });
  });

  it('refuse with exit 7 when the host has moved, and write nothing', () => {
    const file = plan();
    mkdirSync(join(repository.root, 'etc'));
    edit('etc/motd', 'somebody was here\n');

    const { exit, stdout } = repository.cli('apply', file);

    expect(stdout).toMatch(/otherwise than planned: file\[\/etc\/motd\];.*\[stale-plan\]/);
    expect(exit).toBe(7);
    expect(onHost('etc/motd')).toBe('somebody was here\n');
  });

  it('refuse with exit 7 when something else is to be refreshed', () => {
    const notifying = (more: string): string =>
      `- { kind: file, path: /etc/a, content: a${more} }\n- { kind: command, name: reload, argv: [/bin/true], refresh_only: true }\n`;
    repository.write('desired-state/site.yaml', site(notifying(', notify: "command[reload]"')));
    const file = plan();
    repository.write('desired-state/site.yaml', site(notifying('')));

    const { exit, stdout } = repository.cli('apply', file);

    expect(stdout).toMatch(/otherwise than planned: file\[\/etc\/a\];.*\[stale-plan\]/);
    expect(exit).toBe(7);
  });

  it('refuse with exit 7 when the revision has moved', () => {
    const file = plan();
    repository.write('roles/note.txt', 'nothing of weight\n');
    repository.commit('second');

    const { exit, stderr } = repository.cli('apply', file);

    expect(stderr).toContain('the revision has moved');
    expect(exit).toBe(7);
    expect(existsSync(join(repository.root, 'etc'))).toBe(false);
  });
});

describe('explain', () => {
  it('tells value, place, variables, commit, last run and what is open now', () => {
    repository.run();
    edit('etc/motd', 'mine\n');

    const { exit, stdout } = repository.cli('explain', '/etc/motd', '--host', 'box', '--root', repository.root);

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
    const { exit, stderr } = repository.cli('explain', '/etc/mtod', '--host', 'box', '--root', repository.root);

    expect(stderr).toContain('did you mean /etc/motd?');
    expect(exit).toBe(64);
  });
});

describe('adopt', () => {
  const adopt = (path: string) => repository.cli('adopt', path, '--host', 'box', '--root', repository.root);

  it('moves a local edit into its source file, and the next run has nothing to do', () => {
    repository.run();
    edit('etc/hello.conf', 'a\nmine\n');

    const { exit, stdout } = adopt('/etc/hello.conf');

    expect(stdout).toContain('desired-state/files/hello.conf: written from /etc/hello.conf (7 bytes)');
    expect(exit).toBe(0);
    expect(readFileSync(join(repository.path, 'desired-state/files/hello.conf'), 'utf8')).toBe('a\nmine\n');
    expect(repository.run(['--check']).exit).toBe(0);
  });

  it.each([
    ['/etc/made', 'made from the template desired-state/templates/made.j2'],
    ['/etc/motd', 'stands in desired-state/site.yaml:4:'],
    ['/etc/foreign', 'nothing manages /etc/foreign'],
  ])('refuses %s: %s', (path, reason) => {
    repository.run();
    edit(path.slice(1), 'mine\n');

    const { exit, stderr } = adopt(path);

    expect(stderr).toContain(reason);
    expect(exit).toBe(7);
  });
});

describe('rollback', () => {
  const rollback = (...args: readonly string[]) => repository.cli('rollback', '--root', repository.root, ...args);

  it('puts back what the last run replaced, and the revision is not applied again', () => {
    repository.run();
    repository.write('desired-state/site.yaml', site(resources('second')));
    repository.run();
    expect(onHost('etc/motd')).toBe('second\n');

    const { exit, stdout } = rollback();

    expect(stdout).toContain('taken back');
    expect(exit).toBe(0);
    expect(onHost('etc/motd')).toBe('hello\n');
    const again = repository.run();
    expect(again.stdout).toContain('[quarantined]');
    expect(again.exit).toBe(7);
    expect(onHost('etc/motd')).toBe('hello\n');
  });

  it('holds until the revision is released', () => {
    repository.run();
    rollback();
    expect(repository.run().exit).toBe(7);

    const { exit, stdout } = repository.cli('release', '--root', repository.root);

    expect(stdout).toBe('1 revision is released; the next run may try again\n');
    expect(exit).toBe(0);
    expect(repository.run().exit).toBe(0);
    expect(onHost('etc/motd')).toBe('hello\n');
  });

  it('restores the ledger too: the superseding revision finds upstream changes, not conflicts', () => {
    repository.run();
    repository.write('desired-state/site.yaml', site(resources('second')));
    repository.run();
    rollback();
    repository.write('desired-state/site.yaml', site(resources('third')));

    const { exit, stdout } = repository.run(['--check']);

    expect(stdout).toContain('~ file[/etc/motd]  upstream: git changed it');
    expect(exit).toBe(2);
  });

  it('of an older run takes back the later ones too', () => {
    repository.run();
    const [first] = JSON.parse(repository.cli('history', '--root', repository.root, '-o', 'json').stdout) as {
      readonly run: string;
    }[];
    repository.write('desired-state/site.yaml', site(resources('second')));
    repository.run();

    expect(rollback(first!.run).exit).toBe(0);
    expect(existsSync(join(repository.root, 'etc/motd'))).toBe(false);
    expect(existsSync(join(repository.root, 'etc'))).toBe(false);
  });

  it('without a run exits 64', () => {
    expect(rollback().exit).toBe(64);
    repository.run();
    expect(rollback('nothing').exit).toBe(64);
  });
});
