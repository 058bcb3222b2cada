import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { makeLiveRepository } from '../support/live-repository.ts';
import { makeRepository, site } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

const missing = [
  ...(process.getuid?.() === 0 ? [] : ['root']),
  ...['/usr/bin/crontab', '/usr/sbin/useradd', '/usr/sbin/userdel'].filter((path) => !existsSync(path)),
];
if (missing.length > 0) console.log(`skipped: runs on a real crontab need ${missing.join(', ')}`);

const user = `live-cron-${process.pid}`;
const spool = `/var/spool/cron/crontabs/${user}`;
/** Without the three header lines of the program. */
const crontab = (): string | undefined =>
  existsSync(spool) ? readFileSync(spool, 'latin1').replace(/^(# .*\n){3}/, '') : undefined;
const install = (text: string): void =>
  void execFileSync('crontab', ['-u', user, '-'], { input: Buffer.from(text, 'latin1'), stdio: ['pipe', 'ignore', 'inherit'] });
const foreign = 'MAILTO=""\n# m\xfcll\r\n\n1 1 1 1 1 /x # %\n   2 2 2 2 2\t/y\n';

const job = (name: string, command: string): string =>
  `- { kind: cron, name: ${name}, user: ${user}, schedule: "0 2 * * *", command: "${command}" }\n`;
const entry = (name: string, command: string): string => `# reconcile: ${name}\n0 2 * * * ${command}\n# reconcile end: ${name}\n`;
const keeper = '- { kind: file, path: "{{ base }}/f", content: x }\n';
const policy = 'destroy: { max_delete: 10, max_delete_percent: 100 }\n';
const open = (yaml: string) => {
  const live = makeLiveRepository(yaml, { 'desired-state/policy.yaml': policy });
  live.allow(spool);
  return live;
};

describe.skipIf(missing.length > 0)('jobs in a real crontab', () => {
  beforeAll(() => void execFileSync('useradd', ['--no-create-home', '--shell', '/usr/sbin/nologin', user]));
  afterEach(() => void spawnSync('crontab', ['-u', user, '-r']));
  afterAll(() => void execFileSync('userdel', [user], { stdio: 'ignore' }));

  it('come, change and go, and every foreign byte stays', () => {
    install(foreign);
    using live = open(keeper + job('a', 'date +%F') + job('b', 'b'));

    expect(live.report(['--check'])).toMatchObject({ exit: 2, writes: 0 });
    expect(crontab()).toBe(foreign);
    expect(live.report()).toMatchObject({ exit: 0, counts: { create: 3 } });
    expect(crontab()).toBe(foreign + entry('a', 'date +\\%F') + entry('b', 'b'));
    expect(live.run().stdout).toContain('nothing to do');

    live.resources(keeper + job('a', 'changed') + job('b', 'b'));
    expect(live.report()).toMatchObject({ exit: 0, counts: { update: 1 } });
    install(`${crontab()}3 3 3 3 3 /later\n`);
    expect(live.report(['--check'])).toMatchObject({ exit: 0 });
    live.resources(keeper + job('b', 'b'));
    expect(live.report()).toMatchObject({ exit: 0, counts: { remove: 1 } });
    expect(crontab()).toBe(`${foreign}${entry('b', 'b')}3 3 3 3 3 /later\n`);
    live.resources(keeper);
    expect(live.report()).toMatchObject({ exit: 0, counts: { remove: 1 } });
    expect(crontab()).toBe(`${foreign}3 3 3 3 3 /later\n`);
  });

  it('a local edit of a job is drift, and is repaired', () => {
    using live = open(keeper + job('a', 'right'));
    live.run();
    install(crontab()!.replace('right', 'wrong'));

    expect(live.report(['--check'])).toMatchObject({ exit: 3, steps: [{ cause: 'drift' }] });
    expect(live.report().exit).toBe(0);
    expect(crontab()).toBe(entry('a', 'right'));
  });

  it('are put back when a later resource fails, and a crontab that was not there is gone again', () => {
    using live = open(`${job('a', 'new')}- { kind: command, argv: ["false"], unless: ["false"] }\n`);

    expect(live.report()).toMatchObject({ exit: 6 });
    expect(crontab()).toBeUndefined();

    install(foreign + entry('a', 'old'));
    expect(live.cli(['release']).exit).toBe(0);
    expect(live.report()).toMatchObject({ exit: 6 });
    expect(crontab()).toBe(foreign + entry('a', 'old'));
  });

  it('rollback takes them back from beside what others wrote since', () => {
    using live = open(keeper + job('a', 'one'));
    install(foreign);
    live.run();
    live.resources(keeper + job('a', 'two') + job('b', 'b'));
    live.run();
    install(`${crontab()}3 3 3 3 3 /later\n`);

    expect(live.cli(['rollback']).exit).toBe(0);
    expect(crontab()).toBe(`${foreign}${entry('a', 'one')}3 3 3 3 3 /later\n`);
    expect(live.cli(['rollback']).exit).toBe(0);
    expect(crontab()).toBe(`${foreign}3 3 3 3 3 /later\n`);
  });

  it('of a user that the host does not have are refused before the first write', () => {
    using live = open(keeper + job('a', 'x').replace(user, 'no-such-user'));
    live.allow('/var/spool/cron/crontabs/no-such-user');

    expect(live.report()).toMatchObject({ exit: 65, writes: 0, problems: [{ code: 'unknown-user' }] });
    expect(existsSync(join(live.base, 'f'))).toBe(false);
  });

  it('are made as soon as the host has the program for it', ({ skip }) => {
    using live = open(keeper + job('a', 'x'));
    const programs = join(live.base, '..', 'programs');
    const args = `'${process.execPath}' '${program}' --source '${live.path}' --host box -o json`;
    // A machine of its own, as far as /usr/bin goes.
    const script = `set -e
      mkdir '${programs}' && mount -t tmpfs none '${programs}' && mkdir '${programs}/upper' '${programs}/work'
      mount -t overlay -o lowerdir=/usr/bin,upperdir='${programs}/upper',workdir='${programs}/work' overlay /usr/bin
      mv /usr/bin/crontab /usr/bin/put-away
      ${args} >'${live.base}/../first' && ${args} >'${live.base}/../second'
      mv /usr/bin/put-away /usr/bin/crontab
      ${args} >'${live.base}/../third'`;
    const { status, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script], { env: { ...process.env, ...live.env } });
    if (/mount|unshare/.test(stderr.toString())) skip('needs mount namespaces and overlayfs');
    const counts = ['first', 'second', 'third'].map(
      (name) => (JSON.parse(readFileSync(join(live.base, '..', name), 'utf8')) as Report).counts,
    );

    expect(status).toBe(0);
    expect(counts).toMatchObject([{ create: 1, held: 1 }, { held: 1 }, { create: 1, held: 0 }]);
    expect(crontab()).toBe(entry('a', 'x'));
  });

  it('are written only where the host policy allows the crontab', () => {
    using live = makeLiveRepository(job('a', 'x'));

    expect(live.report()).toMatchObject({ exit: 7, problems: [{ code: 'protected-path' }] });
    expect(crontab()).toBeUndefined();
  });
});

it('a file in /etc/cron.d comes, is repaired and goes, and a foreign one of that name is replaced only by name', () => {
  const cronD = (command: string): string => `- { kind: cron, name: it, in: cron.d, schedule: "@daily", command: ${command} }\n`;
  using sandbox = makeRepository(cronD('one') + keeper.replace('{{ base }}', '/srv'), { 'desired-state/policy.yaml': policy });
  const file = join(sandbox.root, 'etc/cron.d/it');

  expect(sandbox.report().exit).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe('# reconcile: it\n@daily root one\n');
  sandbox.write('desired-state/site.yaml', site(keeper.replace('{{ base }}', '/srv')));
  expect(sandbox.report().exit).toBe(0);
  expect(existsSync(file)).toBe(false);
});
