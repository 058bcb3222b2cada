import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeUnit, unitName } from '../../src/install/unit.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Tenths of systemd's exposure level; a bare unit has 96. What is left is what an agent for the whole host needs. */
const mostExposure = 38;
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const library = '/usr/local/lib/timmy-reconciler';

function analyze(unit: string, args: readonly string[]): { readonly exit: number | null; readonly said: string } {
  using directory = temporaryDirectory();
  const file = join(directory.path, unitName);
  writeFileSync(file, unit);
  const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, file], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: directory.path, XDG_RUNTIME_DIR: directory.path },
  });
  return { exit: status, said: stdout + stderr };
}

describe.skipIf(!hasSystemd)('systemd finds', () => {
  it.each(['system', 'user'] as const)('nothing wrong with the %s unit', (scope) => {
    const unit = makeUnit({ scope, node: process.execPath, library });
    expect(analyze(unit, [`--${scope}`, 'verify'])).toEqual({ exit: 0, said: '' });
  });

  it(`the exposure of the system unit to be at most ${mostExposure / 10}`, () => {
    const unit = makeUnit({ scope: 'system', node: process.execPath, library });
    const arguments_ = ['security', '--offline=yes', '--no-pager'];
    expect(analyze(unit, [...arguments_, `--threshold=${mostExposure}`])).toMatchObject({ exit: 0 });
    expect(analyze(unit, [...arguments_, '--threshold=20']).exit).not.toBe(0);
  });

  it('a path with spaces to be one word', () => {
    const unit = makeUnit({ scope: 'system', node: '/opt/my node/bin/nöde', library });
    const { said } = analyze(unit, ['verify']);
    expect(said).toContain('Command /opt/my node/bin/nöde is not executable: No such file or directory');
    expect(said).not.toContain('special characters');
  });
});

describe('the unit', () => {
  it('says why for every protection that it lacks', () => {
    const unit = makeUnit({ scope: 'system', node: '/usr/bin/node', library });
    for (const name of [
      'ProtectSystem',
      'ProtectHome',
      'PrivateTmp',
      'ProtectProc',
      'RestrictSUIDSGID',
      'MemoryDenyWriteExecute',
    ])
      expect(unit).toMatch(new RegExp(`^# ${name}[,\\w ]* {2,}\\S`, 'm'));
  });

  it('starts the current version after the confirmed one has judged it', () => {
    const lines = makeUnit({ scope: 'user', node: '/usr/bin/node', library: '/home/ana/lib' }).split('\n');
    expect(lines).toContain('ExecStartPre=-/usr/bin/node /home/ana/lib/confirmed/guard.mjs /home/ana/lib');
    expect(lines).toContain(
      'ExecStart=/usr/bin/node --disable-proto=delete --inspect-publish-uid=stderr /home/ana/lib/current/reconcile.mjs agent',
    );
    expect(lines).toContain('WantedBy=default.target');
  });

  it.each(['/opt/a"b/node', '/opt/100%/node', '/opt/$HOME/node', '/opt/a\\b/node', '/opt/a\nExecStart=/bin/sh'])(
    'does not take %j for a path',
    (node) => {
      expect(() => makeUnit({ scope: 'system', node, library })).toThrow('cannot stand in a unit');
    },
  );
});
