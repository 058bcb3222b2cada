import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFileServer, sha256Of, type FileServer } from '../support/file-server.ts';
import { site } from '../support/repository.ts';
import { agentLimits } from './agent-limits.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig } from './unit-rig.ts';

const setting = '/proc/sys/net/ipv4/conf/all/log_martians';

describeOnHosts('an agent that is a service', () => {
  let host: Host;
  let server: FileServer;
  beforeAll(async () => {
    server = await openFileServer('0.0.0.0');
    server.serve('/app', 'a program');
    host = await bootHost();
    await openUnitRig(host);
    await host.ask(['apt-get', 'install', '--yes', 'git', 'ufw']);
    await host.write('/etc/timmy-reconciler/host.yaml', 'fetch: { http: true }\n', 0o600);
    const upstream = 'git -c user.name=Ada -c user.email=ada@machine.example commit -qm one --allow-empty && git tag v1';
    await host.ask(['sh', '-c', `mkdir /srv/upstream && cd /srv/upstream && git init -q && ${upstream}`]);
    await host.ask(['sh', '-c', 'useradd --uid 1000 app; chown -R app /srv/upstream']);
  }, 120_000);
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const limited = ['systemd-run', '--quiet', '--collect', '--pipe', '--wait', ...agentLimits];
  const run = async (resources: string): Promise<readonly [number | null, string]> => {
    await host.write('/srv/config/desired-state/site.yaml', site(resources));
    const program = ['/usr/local/bin/reconcile', '--source', '/srv/config', '--host', 'box'];
    const { exitCode, stdout, stderr } = await host.run([...limited, ...program]);
    return [exitCode, stdout + stderr];
  };
  const wanted = `
- { kind: sysctl, key: net.ipv4.conf.all.log_martians, value: 1 }
- { kind: firewall, rules: [{ port: 22, proto: tcp }] }
- { kind: git, path: /srv/app, repo: /srv/upstream, ref: v1, user: app }
- { kind: download, path: /opt/app, url: "http://tests.example:PORT/app", sha256: ${sha256Of('a program')} }
`;
  const resources = (): string => wanted.replace('PORT', String(server.port));

  it('changes the kernel and the firewall outside its sandbox, and fetches inside', async () => {
    await host.ask(['sh', '-c', `echo 0 >${setting}`]);

    expect(await run(resources())).toEqual([0, expect.stringContaining('Applied and verified')]);
    expect(await host.read(setting)).toBe('1\n');
    expect(await host.ask(['ufw', 'status'])).toContain('Status: active');
    expect(await host.ask(['git', '-c', 'safe.directory=*', '-C', '/srv/app', 'tag', '--list'])).toBe('');
    expect(await host.read('/opt/app')).toBe('a program');
  });

  it('lets a check of a configuration open the ports that it names, as `nginx -t` does', async () => {
    const listen = 'IO::Socket::INET->new(LocalPort => 80, Listen => 1) or die "port 80: $!"';

    expect(await host.ask([...limited, 'perl', '-MIO::Socket::INET', '-e', listen])).toBe('');
  });

  it('is not let to close the way in by SSH', async () => {
    expect(await run('- { kind: firewall, rules: [] }')).toEqual([
      7,
      expect.stringContaining('nobody could reach sshd on port 22'),
    ]);
  });

  it('takes all of it back', async () => {
    const before = await host.ask(['sh', '-c', `cat ${setting}; iptables -S`]);
    const resources = `
- { kind: sysctl, key: net.ipv4.conf.all.log_martians, value: 0 }
- { kind: firewall, rules: [{ port: 22, proto: tcp }, { port: 80, proto: tcp }] }
- { kind: command, argv: ["false"], unless: ["false"] }
`;

    expect(await run(resources)).toEqual([6, expect.stringContaining('Everything was put back')]);
    expect(await host.ask(['sh', '-c', `cat ${setting}; iptables -S`])).toBe(before);
  });
});
