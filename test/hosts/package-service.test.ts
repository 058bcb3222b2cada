import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { agentLimits } from './agent-limits.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openPackageRig, type PackageRig } from './package-rig.ts';
import { moreLine, moreSources, publishPackage } from './publish-package.ts';

describeOnHosts('packages of an agent that is a service', () => {
  let host: Host;
  let rig: PackageRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openPackageRig(host);
    await host.write(moreSources, moreLine);
    await publishPackage(host, { name: 'slow', postinst: 'mkfifo /run/slow; read line </run/slow; rm /run/slow' });
    await host.ask(['apt-get', 'update', '-qq']);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(() => rig.clear());

  const run = ['/usr/local/bin/reconcile', '--source', '/srv/config', '--host', 'box'];
  const service = (unit: string, ...more: readonly string[]): readonly string[] => [
    'systemd-run',
    '--quiet',
    '--collect',
    `--unit=${unit}`,
    ...more,
    ...agentLimits,
    ...run,
  ];

  it('are changed outside its sandbox, and accounts inside', async () => {
    expect(agentLimits).toContain('--property=NoNewPrivileges=yes');
    await rig.declare('- { kind: package, names: [sample] }\n- { kind: user, name: app, groups: [sudo] }');

    await host.ask(service('sandboxed', '--wait'));

    expect(await rig.standing('sample')).toBe('install 2.0 installed');
    expect(await host.read('/run/reconcile-packages.log')).toContain('Setting up sample');
    expect(await host.ask(['id', '-Gn', 'app'])).toBe('app sudo\n');
    await rig.declare(
      '- { kind: package, names: [sample], ensure: absent }\n- { kind: user, name: app, ensure: absent, remove_home: true }',
    );
    await host.ask(service('sandboxed', '--wait'));
    expect((await host.run(['id', 'app'])).exitCode).toBe(1);
  });

  it('what they bring against the configuration is changed by the same run, and taken back with it', async () => {
    await rig.declare(`- { kind: package, names: [nginx] }
- { kind: link, path: /etc/nginx/sites-enabled/default, ensure: absent }
- { kind: service, name: nginx, enabled: false, state: stopped }`);

    expect(await rig.run()).toMatchObject({ outcome: 'converged', counts: { create: 1, update: 1, remove: 1 } });

    expect(await rig.show('nginx', 'ActiveState', 'UnitFileState')).toEqual(['inactive', 'disabled']);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
    expect((await host.reconcile(['rollback'])).exit).toBe(0);
    expect(await rig.standing('nginx')).toBe('');
    expect((await host.run(['test', '-e', '/etc/nginx'])).exitCode).toBe(1);
  });

  it('are waited for when it is killed before they begin, and then taken back', async () => {
    await rig.declare('- { kind: package, names: [sample] }');
    await rig.takeLock();
    await host.ask(service('early'));
    await rig.until("systemctl list-units --state=active --no-legend 'reconcile-packages-*' | grep .");
    await host.ask(['systemctl', 'kill', '--signal=SIGKILL', 'early']);
    const next = rig.converge('- { kind: file, path: /srv/marker, content: x }');
    await rig.until(`ps -e -o etimes=,args= | awk '/[r]econcile.mjs/ && $1 >= 2 { found = 1 } END { exit !found }'`);
    await host.write('/run/go', '');

    expect(await next).toMatchObject({ outcome: 'converged', recovered: ['package[sample]'] });
    expect(await rig.standing('sample')).toBe('');
  });

  it('outlive it when it is killed, and the next run takes back what it did not see the end of', async () => {
    await rig.declare('- { kind: package, names: [slow] }');
    await host.ask(service('killed'));
    await rig.until('[ -p /run/slow ]');
    await host.ask(['systemctl', 'kill', '--signal=SIGKILL', 'killed']);
    const next = rig.converge('- { kind: package, names: [slow] }');
    await host.ask(['sh', '-c', 'echo go >/run/slow']);
    // The next run takes the package back, and then installs it.
    await host.ask([
      'sh',
      '-c',
      'until [ ! -e /run/slow ]; do sleep 0.05; done; until [ -p /run/slow ]; do sleep 0.05; done; echo go >/run/slow',
    ]);

    expect(await next).toMatchObject({ outcome: 'converged', recovered: ['package[slow]'] });
    expect(await rig.standing('slow')).toBe('install 1.0 installed');
  });
});
