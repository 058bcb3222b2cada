import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { commands, rules } from '../resources/ufw-samples.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const all = `- kind: firewall\n  rules:\n${rules.map((rule) => `    - ${JSON.stringify(rule)}\n`).join('')}`;
const ssh = '{ port: 22, proto: tcp }';
const fails = '- { kind: command, argv: ["false"], unless: ["false"] }';
const files = '/etc/ufw/user.rules /etc/ufw/user6.rules /etc/ufw/ufw.conf /etc/default/ufw';

describeOnHosts('the firewall of a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
    await host.ask(['apt-get', 'install', '--yes', 'iptables']);
  }, 60_000);
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await host.ask([
      'sh',
      '-c',
      'rm -rf /var/lib/timmy-reconciler; ! command -v ufw || ufw --force reset; rm -f /etc/ufw/*.rules.*',
    ]);
  });
  const sh = async (script: string): Promise<string> => (await host.ask(['sh', '-c', script])).trim();
  const sections = (): Promise<string> => sh("sed -n '/### RULES/,/### END RULES/p' /etc/ufw/user.rules /etc/ufw/user6.rules");
  const loaded = (): Promise<string> => sh('iptables -S; ip6tables -S');

  it('with a package that fails afterwards is as if there had been none', async () => {
    const resources = `- { kind: package, names: [ufw] }\n- { kind: firewall, rules: [${ssh}] }\n${fails}`;

    expect(await rig.converge(resources)).toMatchObject({ exit: 6, summary: expect.stringContaining('Everything was put back') });
    // Purging leaves empty chains, through which everything goes.
    expect((await loaded()).split('\n').filter((line) => /^-P .* DROP$|-j (?!ufw)/.test(line))).toEqual([]);
  });

  it('comes with its package, and then nothing is to do', async () => {
    expect(await rig.converge(`- { kind: package, names: [ufw] }\n${all}`)).toMatchObject({ outcome: 'converged' });
    expect(await sh('ufw status')).toContain('Status: active');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
  });

  it('has the rules that ufw makes itself, byte for byte', async () => {
    for (const command of commands) await host.ask(['ufw', ...command.split(' ')]);
    const byHand = await sections();
    await sh('ufw --force reset; rm -f /etc/ufw/*.rules.*');
    await rig.converge(all);

    expect(await sections()).toBe(byHand);
    expect(await sh('ufw status | grep -c ALLOW')).toBe('13');
  });

  it('is healed when somebody adds a rule or turns it off', async () => {
    await rig.converge(all);
    const before = [await sections(), await loaded()];
    await sh('ufw allow 9999; ufw disable');

    expect((await rig.run()).steps[0]?.changes?.map(({ field }) => field)).toEqual(['enabled', 'rules', 'rules6']);
    expect([await sections(), await loaded()]).toEqual(before);
  });

  const outOfForce: readonly (readonly [what: string, script: string, fields: readonly string[]])[] = [
    ['its service was disabled', 'systemctl disable --now ufw', ['at boot']],
    ['the tables of the kernel were flushed', 'iptables -P INPUT ACCEPT; iptables -F', ['loaded']],
    ['its service was stopped', 'systemctl start ufw; systemctl stop ufw', ['loaded']],
    ['its service was masked', 'systemctl mask ufw', ['at boot']],
    ['a chain of the kernel was flushed', 'ip6tables -P INPUT ACCEPT; ip6tables -F INPUT', ['loaded']],
    ['a rule was deleted', 'iptables -D ufw-user-input 1', ['loaded']],
  ];
  it.each(process.env['LONG'] ? outOfForce : outOfForce.slice(0, 2))(
    'is in force again when %s',
    async (_what, script, fields) => {
      await sh('apt-get install --yes ufw');
      await rig.converge(all);
      const before = (await loaded()).split('\n').sort();
      await sh(script);

      const { outcome, steps } = await rig.run();
      expect([outcome, steps[0]?.changes?.map(({ field }) => field)]).toEqual(['converged', fields]);
      expect((await loaded()).split('\n').sort()).toEqual(before);
      expect(await sh('systemctl is-enabled ufw')).toBe('enabled');
      expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
    },
  );

  it('is in force again when its package was removed', async () => {
    const resources = `- { kind: package, names: [ufw] }\n${all}`;
    await rig.converge(resources);
    await sh('apt-get remove --yes ufw');

    expect(await rig.run()).toMatchObject({ outcome: 'converged' });
    expect(await sh('ufw status')).toContain('Status: active');
    expect(await loaded()).toContain('-P INPUT DROP');
  });

  it('does not go with its package unnoticed', async () => {
    await sh('apt-get purge --yes ufw');
    await rig.converge(`- { kind: package, names: [ufw] }\n${all}`);

    expect(await rig.converge(all)).toMatchObject({ exit: 6, summary: expect.stringContaining('firewall[ufw]') });
    expect(await sh('ufw status')).toContain('Status: active');
    expect(await loaded()).toContain('-P INPUT DROP');
  });

  it('that everything came through lets everything through again when the run fails', async () => {
    await sh('apt-get install --yes ufw');
    await rig.converge(all);
    await sh('iptables -P INPUT ACCEPT; iptables -F');

    expect((await rig.converge(`${all}${fails}`)).exit).toBe(6);
    expect(await loaded()).toContain('-P INPUT ACCEPT');
  });

  it('is never closed to SSH', async () => {
    const before = await loaded();
    const { exit, problems } = await rig.converge('- { kind: firewall, rules: [{ port: 80, proto: tcp }] }');

    expect([exit, problems[0]?.message]).toEqual([7, 'nobody could reach sshd on port 22 any more']);
    expect(await loaded()).toBe(before);
  });

  it('is never closed to SSH where systemd listens for sshd, whatever port its configuration names', async () => {
    const socket = '/etc/systemd/system/ssh.socket.d/port.conf';
    await host.write(socket, '[Socket]\nListenStream=\nListenStream=2222\n');
    await sh('systemctl daemon-reload; systemctl stop ssh.service; systemctl start ssh.socket');
    const verdict = async (port: number) => {
      const { exit, problems } = await rig.converge(`- { kind: firewall, rules: [{ port: ${port}, proto: tcp }] }`);
      return [exit, problems[0]?.message];
    };

    expect(await verdict(22)).toEqual([7, 'nobody could reach sshd on port 2222 any more']);
    expect(await verdict(2222)).toEqual([0, undefined]);

    await sh(`systemctl stop ssh.socket; rm ${socket}; systemctl daemon-reload; systemctl start ssh.service`);
  });

  it('does not lock out the session that it is run in', async () => {
    const { exit, problems } = await rig.converge(`- { kind: firewall, rules: [{ port: 22, proto: tcp, from: 10.9.0.0/16 }] }`);
    expect([exit, problems]).toEqual([0, []]);
    await host.ask(['sh', '-c', 'ufw --force reset; rm -rf /var/lib/timmy-reconciler /etc/ufw/*.rules.*']);

    const again = await host.reconcile(['--source', '/srv/config', '--host', 'box', '-o', 'json'], {
      env: { SSH_CONNECTION: '192.0.2.9 50000 192.0.2.1 22' },
    });
    expect(again.stdout).toContain('192.0.2.9, from where this session came by SSH on port 22, would be locked out');
  });

  it('goes back, in its files and in the kernel, with a run that fails afterwards', async () => {
    await sh('ufw allow 22/tcp; ufw allow 7777/tcp; ufw --force enable');
    const before = [await sh(`cat ${files}`), await loaded()];
    const { exit } = await rig.converge(`- { kind: firewall, incoming: reject, rules: [${ssh}] }\n${fails}`);

    expect(exit).toBe(6);
    expect([await sh(`cat ${files}`), await loaded()]).toEqual(before);
  });

  it('keeps no chain of a ufw that was killed while it tried what the kernel can do', async () => {
    await sh('apt-get install --yes ufw');
    await rig.converge(`- { kind: firewall, rules: [${ssh}] }`);
    const before = [await sh(`cat ${files}`), await loaded()];
    const probe =
      'for six in "" 6; do ip${six}tables -N ufw$six-caps-testab1; ip${six}tables -A ufw$six-caps-testab1 -j ACCEPT; done';
    const killed = `#!/bin/sh\n[ -e /run/kill ] || exec /usr/sbin/ufw "$@"\nrm /run/kill; ${probe}; kill -KILL $$\n`;
    await host.write('/usr/local/sbin/ufw', killed, 0o755);
    await host.write('/run/kill', '');

    const report = await rig.converge(`- { kind: firewall, rules: [${ssh}, { port: 80, proto: tcp }] }`);
    const after = [await sh(`cat ${files}`), await loaded()];
    const again = await rig.run();

    await host.ask(['rm', '/usr/local/sbin/ufw']);
    const summary =
      'firewall[ufw] failed: ufw did not take its rules: was ended by SIGKILL. Everything was put back as it was; the same revision can be tried again';
    expect(report).toMatchObject({ exit: 6, retriable: true, summary });
    expect(after).toEqual(before);
    expect(again.outcome).toBe('converged');
  });

  it('that takes its old rules no more does not keep the host from those that it takes', async () => {
    await sh('apt-get install --yes ufw');
    await rig.converge(`- { kind: firewall, rules: [${ssh}] }`);
    const refuses = '#!/bin/sh\ngrep -q "dport 81" /etc/ufw/user.rules && exec /usr/sbin/ufw "$@"\necho no module >&2; exit 1\n';
    await host.write('/usr/local/sbin/ufw', refuses, 0o755);

    const bad = await rig.converge(`- { kind: firewall, rules: [${ssh}, { port: 80, proto: tcp }] }`);
    const ofBad = await sections();
    const good = await rig.converge(`- { kind: firewall, rules: [${ssh}, { port: 81, proto: tcp }] }`);
    await host.ask(['rm', '/usr/local/sbin/ufw']);

    const faults = ['firewall[ufw]: ufw did not take its rules: no module'];
    expect(bad).toMatchObject({ exit: 8, unrestored: [{ faults, isOpen: true }] });
    expect(ofBad).not.toContain('dport 80');
    expect(good).toMatchObject({ outcome: 'converged', unrestored: [{ run: bad.run, faults, isOpen: false }] });
    expect(await loaded()).toContain('--dport 81 -j ACCEPT');
  });
});
