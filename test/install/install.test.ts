import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { program, runCli } from '../support/run-cli.ts';
import { snapshot } from '../support/snapshot.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const library = 'usr/local/lib/timmy-reconciler';
const unitFile = 'etc/systemd/system/timmy-reconciler.service';

describe('install', () => {
  it('makes a versioned program that runs, the links and the unit, and the second time nothing', () => {
    using root = temporaryDirectory();
    const first = runCli(['install', '--root', root.path]);
    const [id] = readdirSync(join(root.path, library, 'versions'));
    const [runtime] = readdirSync(join(root.path, library, 'runtime'));
    const node = `/${library}/runtime/${runtime}/node`;
    const installed = join(root.path, library, 'current/reconcile.mjs');
    const before = snapshot(root.path);
    const second = runCli(['install', '--root', root.path]);

    expect([first.exit, second.exit]).toEqual([0, 0]);
    expect(first.stdout.split('\n').map((line) => line.split('  (')[0])).toEqual([
      `create  ${node}`,
      `create  /${library}/versions/${id}`,
      `create  /${library}/current`,
      `create  /${library}/confirmed`,
      `create  /${unitFile}`,
      'create  /usr/local/bin/reconcile',
      '',
    ]);
    expect(second.stdout).toBe(`Nothing to do: ${id} is installed\n`);
    expect(snapshot(root.path)).toEqual(before);
    expect(readlinkSync(join(root.path, library, 'confirmed'))).toBe(`versions/${id}`);
    const version = spawnSync(process.execPath, [program, '--version'], { encoding: 'utf8' }).stdout;
    expect(spawnSync(process.execPath, [installed, '--version'], { encoding: 'utf8' }).stdout).toBe(version);
    expect(readFileSync(join(root.path, unitFile), 'utf8')).toContain(`ExecStart=${node} `);
    expect(readFileSync(join(root.path, 'usr/local/bin/reconcile'), 'utf8')).toContain(`exec '${node}' `);
    expect(spawnSync(join(root.path, node), ['--version'], { encoding: 'utf8' }).stdout).toBe(`${process.version}\n`);
    expect(statSync(join(root.path, unitFile)).mode & 0o777).toBe(0o644);
    expect(statSync(join(root.path, 'usr/local/bin/reconcile')).mode & 0o777).toBe(0o755);
  });

  it('puts back what was changed or is missing, and says only that', () => {
    using root = temporaryDirectory();
    runCli(['install', '--root', root.path]);
    const unit = readFileSync(join(root.path, unitFile), 'utf8');
    writeFileSync(join(root.path, unitFile), `${unit}# by hand\n`);
    rmSync(join(root.path, library, 'current'));
    const { stdout } = runCli(['install', '--root', root.path]);

    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'same',
      'same',
      'create',
      'same',
      'update',
      'same',
      '',
    ]);
    expect(readFileSync(join(root.path, unitFile), 'utf8')).toBe(unit);
  });

  it('brings the Node that it runs on where npm could take it away, and keeps that of the version before', () => {
    using root = temporaryDirectory();
    const runtimes = (): readonly string[] => readdirSync(join(root.path, library, 'runtime')).sort();
    runCli(['install', '--root', root.path]);
    const [own = ''] = runtimes();
    for (const name of ['22.0.0-of-the-unit', '20.0.0-of-nobody']) mkdirSync(join(root.path, library, 'runtime', name));
    const unit = join(root.path, unitFile);
    writeFileSync(unit, readFileSync(unit, 'utf8').replaceAll(own, '22.0.0-of-the-unit'));
    writeFileSync(join(root.path, library, 'runtime', own, 'node'), 'damaged');

    expect(runCli(['install', '--root', root.path]).exit).toBe(0);

    expect(runtimes()).toEqual(['22.0.0-of-the-unit', own].sort());
    expect(statSync(join(root.path, library, 'runtime', own, 'node')).size).toBe(statSync(process.execPath).size);
    runCli(['install', '--root', root.path]);
    expect(runtimes()).toEqual([own]);
  });

  it('with --print shows the same and writes nothing', () => {
    using root = temporaryDirectory();
    const { exit, stdout } = runCli(['install', '--print', '--root', root.path]);

    expect(exit).toBe(0);
    expect(stdout).toContain(`create  /${unitFile}  (the systemd unit)\n`);
    expect(stdout).toContain('Type=notify\n');
    expect(readdirSync(root.path)).toEqual([]);
  });

  it('with --stage puts the same in place, and a later call without it has nothing left but to start', () => {
    using root = temporaryDirectory();
    const staged = runCli(['install', '--stage', '--root', root.path]);
    const before = snapshot(root.path);
    const whole = runCli(['install', '--root', root.path]);

    expect([staged.exit, whole.exit]).toEqual([0, 0]);
    expect(staged.stdout).toContain(`create  /${unitFile}  (the systemd unit)\n`);
    expect(whole.stdout).toMatch(/^Nothing to do: /);
    expect(snapshot(root.path)).toEqual(before);
  });

  it('with --user stays in the directories of the account', () => {
    using root = temporaryDirectory();
    const env = { HOME: '/home/ana', XDG_DATA_HOME: '/home/ana/data' };
    const { exit } = runCli(['install', '--user', '--root', root.path], { env });

    expect(exit).toBe(0);
    expect(readdirSync(root.path)).toEqual(['home']);
    expect(existsSync(join(root.path, 'home/ana/data/timmy-reconciler/current/reconcile.mjs'))).toBe(true);
    expect(readFileSync(join(root.path, 'home/ana/.config/systemd/user/timmy-reconciler.service'), 'utf8')).toContain(
      '/home/ana/data/timmy-reconciler/current/reconcile.mjs agent\n',
    );
  });

  it('makes directories that are missing for everybody, whatever the umask', () => {
    using root = temporaryDirectory();
    const umask = process.umask(0o077);
    const { exit } = runCli(['install', '--root', root.path]);
    process.umask(umask);

    expect(exit).toBe(0);
    const modes = ['etc', dirname(unitFile), 'usr/local/bin'].map((path) => statSync(join(root.path, path)).mode & 0o777);
    expect(modes).toEqual([0o755, 0o755, 0o755]);
  });

  it('names what stands in the place of the command', () => {
    using root = temporaryDirectory();
    mkdirSync(join(root.path, 'usr/local/bin'), { recursive: true });
    symlinkSync('/opt/reconcile', join(root.path, 'usr/local/bin/reconcile'));

    expect(runCli(['install', '--root', root.path]).stderr).toContain(
      '/usr/local/bin/reconcile is no regular file: move it away\n',
    );
  });

  it('leaves a masked unit to whoever masked it', () => {
    using root = temporaryDirectory();
    mkdirSync(join(root.path, 'etc/systemd/system'), { recursive: true });
    symlinkSync('/dev/null', join(root.path, unitFile));
    const { exit, stderr } = runCli(['install', '--root', root.path]);

    expect(exit).not.toBe(0);
    expect(stderr).toContain('systemctl unmask timmy-reconciler.service');
    expect(readlinkSync(join(root.path, unitFile))).toBe('/dev/null');
    expect(existsSync(join(root.path, 'usr'))).toBe(false);
  });
});
