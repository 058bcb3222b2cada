import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openRoleScriptRig, script } from './role-script-rig.ts';
import { hasProgram } from './script-rig.ts';

const hasPython = hasProgram('python3');
if (!hasPython) console.warn('skipped: a look at the machine needs python3');

describe.skipIf(!hasPython)('host_look.py', () => {
  const settings = {
    host: 'box',
    units: [],
    urls: [],
    min_disk_free_percent: 0,
    max_swap_used_percent: 100,
    misses: 2,
    repeat_hours: 24,
    telegram_chat: '',
  };

  it('tells after two bad looks, once, and that it is over', () => {
    using rig = openRoleScriptRig();
    rig.write('looks.json', JSON.stringify({ ...settings, files: [{ glob: rig.at('stamp'), hours: 1 }] }));
    const env = { MONITORING_SETTINGS: rig.at('.'), STATE_DIRECTORY: rig.at('state') };
    const look = () => rig.run('monitoring/files/host_look.py', [], env).output;

    expect([look(), look(), look()]).toEqual(['', `box: file ${rig.at('stamp')} does not exist\n`, '']);
    expect(readdirSync(rig.at('state/alerts'))).toHaveLength(1);
    rig.write('stamp', '');
    expect([look(), look()]).toEqual([`box: file ${rig.at('stamp')} is well again\n`, '']);
    expect(readdirSync(rig.at('state/alerts'))).toEqual([]);
  });

  it('sends what was not sent after the next look, a recovery too', async () => {
    using rig = openRoleScriptRig();
    rig.write(
      'looks.json',
      JSON.stringify({ ...settings, misses: 1, telegram_chat: '1', files: [{ glob: rig.at('stamp'), hours: 1 }] }),
    );
    rig.write('telegram.token', 'secret-token\n');
    const sent: string[] = [];
    let status = 502;
    const server = createServer((request, response) => {
      request.on('data', (body: Buffer) => sent.push((JSON.parse(body.toString()) as { text: string }).text));
      request.on('end', () => response.writeHead(status).end());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const telegram = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const env = {
      PATH: process.env['PATH'] ?? '',
      MONITORING_SETTINGS: rig.at('.'),
      MONITORING_TELEGRAM: telegram,
      STATE_DIRECTORY: rig.at('state'),
    };
    const look = async (answer: number): Promise<readonly string[]> => {
      status = answer;
      await once(spawn(script('monitoring/files/host_look.py'), [], { env, stdio: 'ignore' }), 'close');
      return sent.splice(0);
    };
    const bad = `box: file ${rig.at('stamp')} does not exist`;
    const well = `box: file ${rig.at('stamp')} is well again`;

    expect([await look(502), await look(200), await look(200)]).toEqual([[bad], [bad], []]);
    rig.write('stamp', '');
    expect([await look(502), await look(200), await look(200)]).toEqual([[well], [well], []]);
    server.close();
  });

  it('counts what cannot be looked at as wrong, and ends its look', async () => {
    using rig = openRoleScriptRig();
    rig.write('bin/systemctl', '#!/bin/sh\necho Failed to connect to bus >&2\nexit 1\n', 0o755);
    symlinkSync(rig.at('gone'), rig.at('dangling'));
    const server = createNetServer((socket) => socket.end('what?\r\n\r\n'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const looks = {
      ...settings,
      misses: 1,
      units: ['a.service'],
      urls: [url, 'http://[::1/'],
      files: [{ glob: rig.at('dangling'), hours: 1 }],
    };
    rig.write('looks.json', JSON.stringify(looks));
    const env = {
      PATH: `${rig.at('bin')}:${process.env['PATH']}`,
      MONITORING_SETTINGS: rig.at('.'),
      STATE_DIRECTORY: rig.at('state'),
    };
    const child = spawn(script('monitoring/files/host_look.py'), [], { env });
    const told = child.stdout.setEncoding('utf8').toArray();
    const [exit] = (await once(child, 'close')) as [number];
    server.close();

    expect(exit).toBe(0);
    const lines = (await told).join('').trim().split('\n');
    expect(lines).toEqual([
      'box: unit a.service is of unknown state: systemd does not answer',
      expect.stringMatching(/^box: url http:\/\/127\.0\.0\.1:\d+\/ does not answer: /),
      expect.stringMatching(/^box: url http:\/\/\[::1\/ does not answer: /),
      `box: file ${rig.at('dangling')} does not exist`,
    ]);
  });

  it('tells that it cannot keep what it saw: nothing would ever be wrong often enough', () => {
    using rig = openRoleScriptRig();
    rig.write('looks.json', JSON.stringify({ ...settings, files: [] }));
    const env = { MONITORING_SETTINGS: rig.at('.'), STATE_DIRECTORY: rig.write('state', '') };

    const { exit, output } = rig.run('monitoring/files/host_look.py', [], env);

    expect({ exit, output }).toEqual({ exit: 0, output: expect.stringContaining('box: what was seen cannot be kept: ') });
  });

  it('refuses settings that it cannot read', () => {
    using rig = openRoleScriptRig();

    const { exit } = rig.run('monitoring/files/host_look.py', ['--settings-only'], { MONITORING_SETTINGS: rig.at('none') });

    expect(exit).toBe(78);
  });
});
