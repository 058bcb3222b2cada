import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openFleetRig, type FleetRig } from './fleet-rig.ts';
import { listUnitFiles, takeRolesAway } from './take-roles-away.ts';

/** Waits until the gateway runs and nothing is under way. */
const quiet = `until systemctl is-active --quiet hermes-ezra && [ -z "$(systemctl list-jobs --no-legend)" ] &&
  [ -z "$(systemctl list-units --no-legend --state=active,activating 'run-*.service')" ]; do sleep 0.1; done`;

/** Its first test installs everything; those of `more` find a converged machine, and the last one takes everything away. */
function describeMachine(name: string, gatewayPort: number, more: (machine: { host: Host; rig: FleetRig }) => void): void {
  describe(name, () => {
    const machine = {} as { host: Host; rig: FleetRig };
    let bare: string;
    let first: Report;
    beforeAll(async () => {
      machine.host = await bootHost({ name });
      machine.rig = await openFleetRig(machine.host, name, gatewayPort);
      bare = await listUnitFiles(machine.host);
    });
    afterAll(() => machine.host?.[Symbol.asyncDispose]());

    it('is converged by one run, and the second changes and restarts nothing', async () => {
      first = await machine.rig.run();

      expect(first.problems).toEqual([]);
      expect(first.summary).toContain('Applied and verified');
      expect(first.outcome).toBe('converged');
      expect(await machine.rig.run()).toMatchObject({ outcome: 'converged', writes: 0, steps: [], refreshes: [] });
    }, 120_000);

    more(machine);

    it('can be without each of its roles: no unit of theirs is left, and then nothing is to do', async () => {
      await takeRolesAway(machine.host, machine.rig, first, bare);
    }, 120_000);
  });
}

describeOnHosts('the machines of the fleet, from bare Debian', () => {
  describeMachine('ezra', 8648, (machine) => {
    it('heals what somebody did to it by hand', async () => {
      const { host, rig } = machine;
      const home = '/root/wizards/ezra/home';
      await host.ask(['sh', '-c', `echo 'model: other' >${home}/.hermes/config.yaml; chmod 666 ${home}/.timmy/SOUL.md`]);
      await host.ask(['sh', '-c', "echo '* * * * * root true' >>/etc/cron.d/ezra-pulse; rm /etc/logrotate.d/timmy-ezra"]);
      await host.ask(['systemctl', 'stop', 'hermes-ezra', 'fail2ban']);
      await host.ask(['systemctl', 'disable', '--quiet', 'busd']);
      await host.ask(['apt-get', 'remove', '-qq', 'unattended-upgrades']);

      const report = await rig.run();

      expect(report).toMatchObject({ outcome: 'converged' });
      expect(report.steps.map(({ address, cause }) => `${address} ${cause}`).sort()).toEqual(
        [
          'cron[cron.d/ezra-pulse] drift',
          `file[${home}/.hermes/config.yaml] drift`,
          `file[${home}/.timmy/SOUL.md] drift`,
          'file[/etc/logrotate.d/timmy-ezra] drift',
          'package[security-updates] drift',
          'service[busd] drift',
          'service[fail2ban] drift',
          'service[hermes-ezra] drift',
        ].sort(),
      );
      expect(await host.ask(['systemctl', 'is-active', 'hermes-ezra', 'fail2ban'])).toBe('active\nactive\n');
      expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
    });

    it('takes a new version of its programs, and none with another digest than git names', async () => {
      const { host, rig } = machine;
      await rig.release('2');
      expect(await rig.run()).toMatchObject({ outcome: 'converged', counts: { update: 4 } });
      expect(await host.ask(['tail', '-n', '1', '/usr/local/bin/hermes'])).toBe('// 2\n');

      await rig.release('3', false);
      const { outcome, summary } = await rig.run();

      expect({ outcome, summary }).toEqual({ outcome: 'rolledBack', summary: expect.stringMatching(/download\[\S+\] failed/) });
      expect(await host.ask(['tail', '-n', '1', '/usr/local/bin/hermes'])).toBe('// 2\n');
      expect(await host.ask(['systemctl', 'is-active', 'hermes-ezra', 'busd'])).toBe('active\nactive\n');
    });

    it('starts the agent with the configuration that was well when the one it finds cannot be right', async () => {
      const { host } = machine;
      const hermes = '/root/wizards/ezra/home/.hermes';
      const good = await host.read(`${hermes}/config.yaml`);
      const snapshots = '/root/.local/timmy/snapshots/ezra';
      await host.write(`${snapshots}/one/0-config.yaml`, good);
      const manifest = { files: [{ name: '0-config.yaml', path: `${hermes}/config.yaml` }] };
      await host.write(`${snapshots}/one/manifest.json`, JSON.stringify(manifest));
      await host.ask(['ln', '-sfn', 'one', `${snapshots}/last-good`]);
      await host.ask(['sh', '-c', `echo '<<<<<<< HEAD' >>${hermes}/config.yaml`]);

      await host.ask(['systemctl', 'restart', 'hermes-ezra']);

      expect(await host.read(`${hermes}/config.yaml`)).toBe(good);
      await host.ask(['rm', '-r', snapshots]);
      await host.ask(['sh', '-c', `echo '<<<<<<< HEAD' >>${hermes}/config.yaml`]);
      expect((await host.run(['systemctl', 'restart', 'hermes-ezra'])).exitCode).toBe(1);
    });

    it('fetches what is new when the agent starts, and the agent runs with that', async () => {
      const { host, rig } = machine;
      await rig.release('4');
      const fetch = ['/usr/local/bin/reconcile', '--source', '/srv/config', '--host', 'ezra', '--tags', 'config'];
      const pull = JSON.stringify(['/usr/bin/systemd-run', '--quiet', '--collect', '--wait', '--pipe', ...fetch]);
      await rig.edit('roles/hermes-agent/role.yaml', (text) => text.replace(/default: \[.*systemd-run.*\]/, `default: ${pull}`));
      expect(await rig.run()).toMatchObject({ outcome: 'converged' });
      await rig.edit('inventory/group_vars/wizards.yml', (text) => text.replace('provider_timeout: 30', 'provider_timeout: 31'));

      await host.run(['systemctl', 'restart', 'hermes-ezra']);

      await host.ask(['sh', '-c', quiet]);
      expect(await host.read('/root/wizards/ezra/home/.hermes/config.yaml')).toContain('request_timeout_seconds: 31');
      expect(await host.ask(['systemctl', 'is-active', 'hermes-ezra'])).toBe('active\n');
      expect(await rig.run()).toMatchObject({ outcome: 'converged' });
    });
  });

  describeMachine('forge', 0, (machine) => {
    it('proxies to its upstreams, and keeps a broken site from being served', async () => {
      const { host, rig } = machine;
      await host.ask(['apt-get', 'install', '-qq', 'curl']);
      const ask = ['curl', '-s', '-H', 'Host: forge.tailnet.example', 'http://127.0.0.1/'];
      expect(await host.ask(ask)).toBe('well\n');
      const path = 'inventory/host_vars/forge.yml';

      await rig.edit(path, (text) => text.replace('max_body: 512m', 'max_body: much'));
      const broken = await rig.run();

      expect(broken.outcome).toBe('rolledBack');
      expect(broken.summary).toContain('nginx');
      expect(await host.ask(ask)).toBe('well\n');
      await rig.edit(path, (text) => text.replace('max_body: much', 'max_body: 512m'));
      expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
    });

    it('archives what it is told to, and looks whether the archives are well', async () => {
      const { host } = machine;
      await host.ask(['systemctl', 'start', 'timmy-backup@settings']);

      expect(await host.ask(['/usr/local/lib/timmy-backups/backup', 'list'])).toMatch(/^settings \S+\.tar\.gz$/m);
      const { exitCode } = await host.run(['systemctl', 'start', 'timmy-backup-verify']);
      expect(exitCode).toBe(1);
      const said = await host.ask(['journalctl', '--unit=timmy-backup-verify', '--output=cat', '--quiet']);
      expect(said).toMatch(/^settings: \S+ is well$/m);
      expect(said).toContain('gitea: no archive at /var/backups/gitea/');
      await host.ask(['systemctl', 'reset-failed']);
    });

    it('takes away what leaves git and what is to be absent, and nothing else', async () => {
      const { host, rig } = machine;
      await rig.edit('desired-state/site.yaml', (text) => text.replace(/^      - role: nginx\n.*\n/m, ''));
      await rig.edit('inventory/host_vars/forge.yml', (text) => text.replace('nginx.service, ', ''));

      const name = "server_name: '{{ matrix_server_name }}'";
      await rig.edit('desired-state/site.yaml', (text) => text.replace(name, `${name}, ensure: absent`));

      expect(await rig.run()).toMatchObject({ outcome: 'converged' });

      const { stdout } = await host.run(['sh', '-c', 'ls /etc/nginx/timmy-sites; dpkg-query -W -f "${db:Status-Status}" nginx']);
      expect(stdout).not.toMatch(/gitea|^installed/);
      expect(await host.ask(['systemctl', 'is-active', 'gitea', 'docker'])).toBe('active\nactive\n');
      expect(await host.ask(['systemctl', 'show', '--property=LoadState', 'conduit'])).toBe('LoadState=not-found\n');
      expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
    });
  });
});
