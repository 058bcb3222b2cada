import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { binDirectory, hasProgram, openScriptRig } from './script-rig.ts';

const scripts = readdirSync(binDirectory).sort();
const isShell = (name: string): boolean => readFileSync(join(binDirectory, name), 'utf8').startsWith('#!/bin/sh');

describe('every script', () => {
  it.each(scripts.filter(isShell))('%s is valid for sh and bash', (name) => {
    for (const shell of ['sh', 'bash'].filter(hasProgram)) execFileSync(shell, ['-n', join(binDirectory, name)]);
  });

  it.skipIf(!hasProgram('python3')).each(scripts.filter((name) => name.endsWith('.py')))('%s compiles', (name) => {
    const check = 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])';

    execFileSync('python3', ['-c', check, join(binDirectory, name)]);
  });

  it.each(scripts.filter((name) => name !== 'fleet_env.py'))('%s can be executed and names its interpreter', (name) => {
    const path = join(binDirectory, name);

    expect(statSync(path).mode & 0o111).not.toBe(0);
    expect(readFileSync(path, 'utf8')).toMatch(/^#!(\/bin\/sh|\/usr\/bin\/env python3)\n/);
  });
});

describe('run-job', () => {
  it('logs the output and leaves a heartbeat after a success', () => {
    using rig = openScriptRig();

    const { exit } = rig.run('run-job', ['greet', '300', 'echo', 'good morning']);

    expect(exit).toBe(0);
    expect(rig.read('logs/greet.log')).toBe('good morning\n');
    expect(JSON.parse(rig.read('heartbeats/greet.last'))).toMatchObject({ job: 'greet', interval: 300 });
    expect(readdirSync(join(rig.root, 'heartbeats'))).toEqual(['greet.last']);
  });

  it('passes the exit code on and leaves no heartbeat after a failure', () => {
    using rig = openScriptRig();

    const { exit } = rig.run('run-job', ['broken', '300', 'sh', '-c', 'echo no >&2; exit 3']);

    expect(exit).toBe(3);
    expect(rig.read('logs/broken.log')).toMatch(/^no\n.* broken failed: exit 3\n$/);
    expect(rig.exists('heartbeats/broken.last')).toBe(false);
  });

  it('does not start a job whose previous run is not over', () => {
    using rig = openScriptRig();
    rig.write('heartbeats/.slow.lock', String(process.pid));

    const { exit } = rig.run('run-job', ['slow', '300', 'echo', 'second']);

    expect(exit).toBe(75);
    expect(rig.read('logs/slow.log')).toMatch(/slow skipped: the previous run is not over/);
    expect(rig.exists('heartbeats/.slow.lock')).toBe(true);
  });

  it.each([
    ['whose process is gone', '999999999', 0],
    ['older than any run', String(process.pid), 4000],
  ])('takes over a lock %s', (_, owner, age) => {
    using rig = openScriptRig();
    rig.write('heartbeats/.slow.lock', owner);
    rig.age('heartbeats/.slow.lock', age);

    const { exit } = rig.run('run-job', ['slow', '300', 'echo', 'again']);

    expect(exit).toBe(0);
    expect(rig.exists('heartbeats/.slow.lock')).toBe(false);
  });

  it('gives the job the settings of this host', () => {
    using rig = openScriptRig();

    rig.run('run-job', ['show', '300', 'sh', '-c', 'echo "$FLEET_HOST"']);

    expect(rig.read('logs/show.log')).toBe('testhost\n');
  });

  it('keeps one old log when the log has grown beyond a megabyte', () => {
    using rig = openScriptRig();
    rig.write('logs/chatty.log', 'x'.repeat(1_100_000));

    rig.run('run-job', ['chatty', '300', 'echo', 'new']);

    expect(rig.read('logs/chatty.log')).toBe('new\n');
    expect(rig.exists('logs/chatty.log.1')).toBe(true);
  });
});

describe('gitea-backup.sh', () => {
  const user = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();

  const openForge = (dump: string) => {
    const rig = openScriptRig();
    const gitea = rig.write('gitea', `#!/bin/sh\n${dump}\n`);
    chmodSync(gitea, 0o755);
    rig.write('backups/gitea-backup-20200101T000000Z.tar.gz', 'old');
    rig.age('backups/gitea-backup-20200101T000000Z.tar.gz', 30 * 86_400);
    const env = {
      GITEA_BIN: gitea,
      GITEA_USER: user,
      GITEA_APP_INI: '/etc/gitea/app.ini',
      GITEA_BACKUP_DIR: join(rig.root, 'backups'),
      GITEA_BACKUP_KEEP_DAYS: '7',
    };
    return { rig, backup: () => rig.run('gitea-backup.sh', [], env) };
  };

  it('names a complete dump and removes those that are too old', () => {
    const { rig, backup } = openForge('test "$PWD" = / && tar -czf - -C / etc/passwd');
    using _ = rig;

    rig.write('backups/.partial-20260101T000000Z.tar.gz', 'of a power cut');
    rig.age('backups/.partial-20260101T000000Z.tar.gz', 86_400);

    const { exit, output } = backup();

    expect(output).toMatch(/wrote gitea-backup-\d{8}T\d{6}Z\.tar\.gz/);
    expect(exit).toBe(0);
    expect(readdirSync(join(rig.root, 'backups'))).toEqual([expect.stringMatching(/^gitea-backup-2\d{7}T\d{6}Z\.tar\.gz$/)]);
  });

  it.each([
    ['fails', 'exit 1'],
    ['is torn', 'echo not an archive'],
  ])('keeps the old dump and leaves nothing behind when a dump %s', (_, dump) => {
    const { rig, backup } = openForge(dump);
    using __ = rig;

    const { exit } = backup();

    expect(exit).not.toBe(0);
    expect(readdirSync(join(rig.root, 'backups'))).toEqual(['gitea-backup-20200101T000000Z.tar.gz']);
  });
});

describe('runner-health-probe.sh', () => {
  const openRunner = (isActive: string) => {
    const rig = openScriptRig();
    const fake = `#!/bin/sh\necho "$*" >>"${rig.root}/calls"\ncase $1 in is-active) ${isActive} ;; restart) touch "${rig.root}/restarted" ;; esac\n`;
    chmodSync(rig.write('path/systemctl', fake), 0o755);
    rig.write('heartbeats/.keep', '');
    const env = { PATH: `${rig.root}/path:${process.env['PATH']}`, HEARTBEAT_DIR: join(rig.root, 'heartbeats') };
    return { rig, probe: () => rig.run('runner-health-probe.sh', [], env) };
  };

  it('leaves an active runner alone', () => {
    const { rig, probe } = openRunner('exit 0');
    using _ = rig;

    expect(probe().exit).toBe(0);
    expect(rig.read('calls')).toBe('is-active --quiet act_runner.service\n');
  });

  it('restarts a dead runner, and not again within ten minutes', () => {
    const { rig, probe } = openRunner('exit 3');
    using _ = rig;

    expect(probe().exit).not.toBe(0);
    expect(probe().output).toMatch(/restarted less than 10 minutes ago/);

    expect(rig.read('calls').match(/^restart /gm)).toHaveLength(1);
  });

  it('succeeds when the restart helped', () => {
    const { rig, probe } = openRunner('');
    using _ = rig;
    const fake = `#!/bin/sh\ncase $1 in is-active) test -e "${rig.root}/restarted" ;; restart) touch "${rig.root}/restarted" ;; esac\n`;
    rig.write('path/systemctl', fake);

    expect(probe().exit).toBe(0);
  });
});

describe('restart-gateway.sh', () => {
  it('does nothing where Hermes is not installed', () => {
    using rig = openScriptRig();

    expect(rig.run('restart-gateway.sh', [], { PATH: '/usr/bin:/bin' })).toEqual({
      exit: 0,
      output: 'hermes is not installed here\n',
    });
  });

  it.each([
    ['leaves a stopped gateway stopped', 'exit 1', 'gateway status\n'],
    ['restarts a running gateway', 'exit 0', 'gateway status\ngateway restart\n'],
  ])('%s', (_, status, calls) => {
    using rig = openScriptRig();
    chmodSync(
      rig.write('path/hermes', `#!/bin/sh\necho "$*" >>"${rig.root}/calls"\ncase $2 in status) ${status} ;; esac\n`),
      0o755,
    );

    const { exit } = rig.run('restart-gateway.sh', [], { PATH: `${rig.root}/path:/usr/bin:/bin` });

    expect(exit).toBe(0);
    expect(rig.read('calls')).toBe(calls);
  });
});
