import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseList } from '../../src/resources/units/launchctl.ts';
import { toPlist } from '../../src/resources/units/launchd-plist.ts';
import { describeLive, isRunning, isUp, parseShow } from '../../src/resources/units/systemctl.ts';
import { readUnit } from '../../src/resources/units/unit-text.ts';
import { splitWords } from '../../src/resources/units/unit-words.ts';
import { complaints } from '../../src/resources/units/verify-units.ts';

/** As systemd 252 of Debian 12 prints it; it keeps its own order of keys. */
const block = (lines: string): string => `${lines.trim().replaceAll(/^ +/gm, '')}\n`;
const recorded = [
  `Type=notify
   RemainAfterExit=no
   Result=success
   ExecMainStatus=0
   Id=ssh.service
   LoadState=loaded
   ActiveState=active
   SubState=running
   ActiveEnterTimestampMonotonic=16349754279
   NeedDaemonReload=no`,
  `Type=simple
   RemainAfterExit=no
   Result=exit-code
   ExecMainStatus=3
   Id=bad.service
   LoadState=loaded
   ActiveState=failed
   SubState=failed
   ActiveEnterTimestampMonotonic=16350028506
   NeedDaemonReload=yes`,
  `Type=simple
   RemainAfterExit=no
   Result=exit-code
   ExecMainStatus=1
   Id=loop.service
   LoadState=loaded
   ActiveState=activating
   SubState=auto-restart
   ActiveEnterTimestampMonotonic=16350044760
   NeedDaemonReload=no`,
  `Result=success
   Id=clean.timer
   LoadState=loaded
   ActiveState=active
   SubState=waiting
   ActiveEnterTimestampMonotonic=16349718745
   NeedDaemonReload=no`,
  `Type=
   RemainAfterExit=no
   Result=success
   ExecMainStatus=0
   Id=none.service
   LoadState=not-found
   ActiveState=inactive
   SubState=dead
   ActiveEnterTimestampMonotonic=0
   NeedDaemonReload=no`,
  `Type=oneshot
   RemainAfterExit=no
   Result=success
   ExecMainStatus=0
   Id=job.service
   LoadState=loaded
   ActiveState=inactive
   SubState=dead
   ActiveEnterTimestampMonotonic=0
   NeedDaemonReload=no`,
].map(block);

describe('systemctl show', () => {
  it.each([
    [0, 'active (running)', { isUp: true, isRunning: true, endsByItself: false, isOutdated: false }],
    [1, 'failed (exit status 3)', { isUp: false, isRunning: false, endsByItself: false, isOutdated: true }],
    [2, 'activating (exit status 1)', { isUp: false, isRunning: true, endsByItself: false, isOutdated: false }],
    [3, 'active (waiting)', { isUp: true, isRunning: true, endsByItself: false, isOutdated: false }],
    [4, 'inactive (dead)', { isUp: false, isRunning: false, endsByItself: false, isOutdated: false }],
    [5, 'inactive (dead)', { isUp: false, isRunning: false, endsByItself: true, isOutdated: false }],
  ])('unit %i of one answer is %s', (index, text, expected) => {
    const live = parseShow(recorded.join('\n'))[index]!;

    expect(describeLive(live)).toBe(text);
    expect({ ...live, isUp: isUp(live), isRunning: isRunning(live) }).toMatchObject(expected);
  });

  it('blames no program that ended well: another one of the unit failed', () => {
    const live = parseShow(recorded[1]!)[0]!;

    expect(describeLive({ ...live, exitStatus: '0' })).toBe('failed (a program that it runs before or after its own failed)');
  });

  it('tells as many units as it was asked for', () => {
    expect(parseShow(recorded.join('\n'))).toHaveLength(recorded.length);
    expect(parseShow('')).toEqual([]);
  });
});

describe('what systemd-analyze verify says', () => {
  const said = (stderr: string): string => complaints(stderr, '/tmp/reconcile-unit-a', '/tmp/reconcile-unit-a/app.service');

  it.each([
    ['/tmp/reconcile-unit-a/app.service:5: Unknown key', 'app.service:5: Unknown key'],
    ['/tmp/reconcile-unit-a/app.service.d/x.conf:2: Unknown key', 'app.service.d/x.conf:2: Unknown key'],
    ['app.service: Command /x is not executable: No such file', 'app.service: Command /x is not executable: No such file'],
    ['Unit app.service has a bad unit file setting.', 'Unit app.service has a bad unit file setting.'],
    ['/lib/systemd/system/plymouth-start.service:17: Unit configured to use KillMode=none.', ''],
    ['other.service: Service has no ExecStart=', ''],
    ['', ''],
  ])('%s counts when it is about the unit', (line, expected) => {
    expect(said(`${line}\n`)).toBe(expected);
  });
});

describe('a unit file', () => {
  it('is read with comments, continued lines, repeated keys and their reset', () => {
    const text = readUnit(
      '# c\n[Service]\nExecStart=/bin/a \\\n# between\n  b\n; c\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n Nice = 3 \n',
    );

    expect(text.faults).toEqual([]);
    expect(text.values('Service', 'ExecStart')).toEqual(['/bin/a b']);
    expect(text.values('Service', 'Environment')).toEqual(['B=2']);
    expect(text.value('Service', 'Nice')).toBe('3');
  });

  it.each([
    ['a  b', ['a', 'b']],
    [`'a b' "c 'd"`, ['a b', "c 'd"]],
    [String.raw`a\x20b \"c\"`, ['a b', '"c"']],
    ['A="b c"', ['A=b c']],
    ['""', ['']],
    ['"open', undefined],
  ])('splits %s as systemd does', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });
});

describe('a property list of launchd', () => {
  const unit = `[Unit]
Description=Gateway
After=network.target
[Service]
ExecStart=/usr/bin/python3 -m hermes "a & b <c>" 100%%
WorkingDirectory=/Users/apayne
Environment="A=one two" B=2
User=apayne
Restart=on-failure
RestartSec=1min
StandardOutput=append:/Users/apayne/.hermes/logs/gateway.log
UMask=0077
[Install]
WantedBy=default.target
`;
  const parse = (text: string): unknown =>
    JSON.parse(
      execFileSync('python3', ['-c', 'import json,plistlib,sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))'], {
        input: text,
        encoding: 'utf8',
      }),
    );

  it('is one that a property list reader takes, and says what the unit says', () => {
    const { text, faults } = toPlist('ai.hermes.gateway', readUnit(unit), true);

    expect(faults).toEqual([]);
    expect(parse(text)).toEqual({
      Label: 'ai.hermes.gateway',
      ProgramArguments: ['/usr/bin/python3', '-m', 'hermes', 'a & b <c>', '100%'],
      WorkingDirectory: '/Users/apayne',
      EnvironmentVariables: { A: 'one two', B: '2' },
      UserName: 'apayne',
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 60,
      StandardOutPath: '/Users/apayne/.hermes/logs/gateway.log',
      Umask: 0o077,
    });
  });

  it.each([
    ['ProtectSystem=strict', 'launchd has nothing for Service ProtectSystem='],
    ['Type=notify', 'launchd has no Type=notify'],
    ['Restart=on-abort', 'launchd has no Restart=on-abort'],
    ['StandardError=tty', 'launchd has no StandardError=tty'],
    ['ExecStart=', 'ExecStart= cannot be read'],
    ['ExecStart=\nExecStart=app', 'ExecStart= needs an absolute path, without a prefix such as "-" or "!"'],
    ['ExecStart=\nExecStart=/bin/a $HOME', 'launchd expands neither variables nor specifiers: "$HOME"'],
    ['ExecStart=/bin/b', 'launchd runs one ExecStart= only'],
  ])('is refused with %s, which launchd cannot do', (line, fault) => {
    expect(toPlist('x', readUnit(unit.replace('[Install]', `${line}\n[Install]`)), false).faults).toContain(fault);
  });

  it('runs or not by what launchctl list says', () => {
    const jobs = parseList('PID\tStatus\tLabel\n812\t0\tai.hermes.gateway\n-\t0\tcom.example.idle\n-\t78\tcom.example.bad\n');

    expect([...jobs].map(([label, { active }]) => [label, active])).toEqual([
      ['ai.hermes.gateway', 'active'],
      ['com.example.idle', 'inactive'],
      ['com.example.bad', 'failed'],
    ]);
  });
});
