import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stateDirectory } from '../../src/state/state-directory.ts';
import { openState } from '../../src/state/state.ts';
import { writeUnconfirmed } from '../../src/state/unconfirmed.ts';
import { reportWith } from '../report/report-fixture.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { openShell } from '../support/typing-shell.ts';

const motd =
  '- { kind: file, path: /etc/motd, content: "hello\\n", tags: [config, "$(touch x)", "a b", "-x", "`touch x`", "it\'s"] }\n';
const inventory = `all:
  children:
    web: { hosts: { web1: , web2.example: , "fe80::12": , box: } }
    db: { hosts: { db-main: } }
    two words: { hosts: { "$(touch x)": , "\`touch x\`": , "a b": , "c:d": } }
`;

let repository: Repository;
/** Newest first. */
let applied: readonly string[];
beforeAll(() => {
  repository = makeRepository('- { kind: file, path: /etc/motd, content: a }');
  repository.report();
  const paths = ['/srv/$(touch x)', '/srv/a b', '/srv/plain', '/srv/`touch x`'];
  const more = paths.map((path) => `- { kind: file, path: "${path}", content: a, tags: conf2 }\n`).join('');
  const assignment = site(motd + more).replace('hosts: all\n', 'hosts: all\n    tags: [jobs]\n');
  repository.write('desired-state/site.yaml', assignment);
  expect(repository.report().outcome).toBe('converged');
  repository.write('desired-state/site.yaml', assignment.replace('[config,', '[config, "{{ x }}",'));
  repository.write('inventory/hosts.yml', inventory);
  const state = openState(stateDirectory(repository.root));
  applied = state.journal.undoable();
  state.runs.put(reportWith({ run: '20301120T080000Z-00aa11', startedAt: '2030-11-20T08:00:00.000Z', outcome: 'refused' }));
  state.close();
  const waiting = { by: 'person', because: [], health: [], since: 0, boot: '', uptime: 0, within: 1 } as const;
  writeUnconfirmed(stateDirectory(repository.root), { run: applied[0]!, ...waiting });
});
afterAll(() => repository[Symbol.dispose]());

const names = (kind: string, ...words: readonly string[]) => {
  const { stdout, stderr, exit } = runCli(['completion', 'bash', '--names', kind, '--', 'reconcile', ...words], {
    cwd: repository.path,
  });
  expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 });
  return stdout.trimEnd().split('\n');
};

describe('completion --names', () => {
  it('lists the hosts of the inventory, the groups first where a pattern stands', () => {
    const hosts = ['box', 'db-main', 'fe80::12', 'web1', 'web2.example'];

    expect(names('host', '--host', '')).toEqual(hosts);
    expect(names('pattern', 'fleet', 'check', '--limit', '')).toEqual(['all', 'db', 'ungrouped', 'web', ...hosts]);
  });

  it.each([
    ["'web:&d", 'web:&db'],
    ['web:!d', 'web:!db'],
    ['a,', 'a,fe80::12'],
    ['fe80::1,&w', 'fe80::1,&web'],
  ])('completes the last part of the pattern %s', (typed, offered) => {
    expect(names('pattern', '--limit', typed)).toContain(offered);
  });

  it('offers no IPv6 address where colons divide the pattern', () => {
    expect(names('pattern', '--limit', 'web:').join()).not.toContain('fe80');
  });

  it('lists the tags of assignments and resources, for the last of several', () => {
    expect(names('tags', '--tags', '')).toEqual(['conf2', 'config', 'jobs']);
    expect(names('tags', '--tags', 'conf2,j')).toEqual(['conf2,conf2', 'conf2,config', 'conf2,jobs']);
  });

  it('lists the runs that the command can use, and what was applied, below --root', () => {
    const refused = '20301120T080000Z-00aa11';
    const root = ['--root', repository.root, ''];

    expect(names('run', 'show', ...root)).toEqual(['latest', refused, ...applied]);
    expect(names('applied-run', 'rollback', ...root)).toEqual(applied);
    expect(names('refused-run', 'approve', ...root)).toEqual([refused]);
    expect(names('unconfirmed-run', 'confirm', ...root)).toEqual([applied[0]]);
    expect(names('address', 'explain', ...root)).toEqual(['file[/etc/motd]', 'file[/srv/plain]']);
  });

  it('goes by --source, also with ~ and beside options of the command', () => {
    const home = dirname(repository.path);
    const ask = (...words: readonly string[]) =>
      runCli(['completion', 'zsh', '--names', 'host', '--', 'reconcile', '-o', 'json', ...words, ''], { env: { HOME: home } });

    expect(ask('--source', '~/config', '--host').stdout).toContain('web1');
    expect(ask(`--source=${repository.path}`, '--host').stdout).toContain('web1');
  });

  it.each([
    ['host', []],
    ['tags', ['--source', 'https://git.example/config.git']],
    ['pattern', ['--source', '/nonexistent']],
    ['run', ['--root', '/nonexistent']],
    ['address', ['--root']],
  ])('says nothing and makes nothing where there is no %s to be found (%j)', (kind, words) => {
    using directory = temporaryDirectory();
    const env = { RECONCILE_STATE_DIR: join(directory.path, 'state') };
    const asked = ['completion', 'fish', '--names', kind, '--', 'reconcile', ...words, ''];

    expect(runCli(asked, { cwd: directory.path, env })).toEqual({ exit: 1, stdout: '', stderr: '' });
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('says nothing of documents and a state that cannot be read', () => {
    using broken = makeRepository('', { 'inventory/hosts.yml': ':\n- [', 'desired-state/site.yaml': '[' });
    const directory = stateDirectory(broken.root);
    broken.write(`../root/${directory.slice(broken.root.length)}/state.db`, 'no database');
    const ask = (kind: string) =>
      runCli(['completion', 'fish', '--names', kind, '--', '--root', broken.root, ''], { cwd: broken.path });

    for (const kind of ['host', 'tags', 'run', 'address']) expect(ask(kind)).toMatchObject({ stdout: '', stderr: '' });
  });
});

const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0 && existsSync('/usr/bin/script');

describe.each(['bash', 'zsh', 'fish'] as const)('typed into %s', (shell) => {
  it.skipIf(!isThere(shell))(`names are completed, and evaluated by nobody (skipped where there is no ${shell})`, async () => {
    const last = applied.at(-1)!;
    using directory = temporaryDirectory();
    await using terminal = await openShell(shell, directory.path, repository.path);
    const root = `--root ${repository.root}`;
    const lines: readonly (readonly [keys: string, given: string])[] = [
      ['reconcile --host db\t', '--host db-main'],
      ['reconcile --host=db\t', '--host=db-main'],
      ['reconcile --output=nd\t', '--output=ndjson'],
      ['reconcile --host fe80:\t', '--host fe80::12'],
      ["reconcile fleet check --limit 'web:&db-\t", 'fleet check --limit web:&db-main'],
      ['reconcile fleet check --limit web:db-\t', 'fleet check --limit web:db-main'],
      ['reconcile fleet push --limit web\\:\\&db-\t', 'fleet push --limit web:&db-main'],
      ['reconcile fleet trust web,db-\t', 'fleet trust web,db-main'],
      ['reconcile inventory --host web2\t', 'inventory --host web2.example'],
      ['reconcile --tags jobs,confi\t', '--tags jobs,config'],
      [`reconcile ${root} explain file\\[/etc/m\t`, `${root} explain file[/etc/motd]`],
      [`reconcile explain ${root} 'file[/srv/\t`, `explain ${root} file[/srv/plain]`],
      [`reconcile show ${root} 203\t`, `show ${root} 20301120T080000Z-00aa11`],
      [`reconcile rollback ${root} ${last.slice(0, -1)}\t`, `rollback ${root} ${last}`],
      ['reconcile --tags \t\t\u0015reconcile done', 'done'],
    ];

    for (const [keys, given] of lines) expect((await terminal.type(keys)).join(' ')).toBe(given);

    expect(existsSync(join(repository.path, 'x'))).toBe(false);
  });
});

describe.skipIf(!isThere('fish'))('the fish script (skipped where there is no fish)', () => {
  it('tells the time and the outcome of a run, newest first', async () => {
    using directory = temporaryDirectory();
    await using _terminal = await openShell('fish', directory.path, repository.path);
    const script = `source ${directory.path}/_reconcile.fish; complete -C 'reconcile show --root ${repository.root} '`;
    const { stdout } = spawnSync('fish', ['-N', '-c', script], {
      env: { PATH: `${directory.path}/bin:${process.env['PATH']}`, HOME: directory.path },
      encoding: 'utf8',
    });

    const [latest, newest, ...others] = stdout.trimEnd().split('\n');
    expect(latest).toBe('latest');
    expect(newest).toBe('20301120T080000Z-00aa11\t2030-11-20 08:00:00Z  refused');
    expect(others.map((line) => line.split('\t')[0])).toEqual(applied);
  });
});
