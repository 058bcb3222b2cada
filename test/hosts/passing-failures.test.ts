import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFileServer, sha256Of, type FileServer } from '../support/file-server.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const program = '#!/bin/sh\nexec sleep infinity\n';

describeOnHosts('a network that is down', () => {
  let host: Host;
  let rig: UnitRig;
  let server: FileServer;
  let isDown = false;
  beforeAll(async () => {
    server = await openFileServer('0.0.0.0');
    for (const version of ['', '# 2\n', '# 3\n'])
      server.serve(`/app-${sha256Of(program + version)}`, (_request, response) =>
        isDown ? response.writeHead(503).end() : response.end(program + version),
      );
    host = await bootHost();
    rig = await openUnitRig(host);
    await host.write('/etc/timmy-reconciler/host.yaml', 'fetch: { http: true }\n', 0o600);
  }, 60_000);
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });
  const wanted = (version: string, sha256 = sha256Of(program + version)): string => `
- kind: download
  path: /opt/app
  url: http://tests.example:${server.port}/app-${sha256Of(program + version)}
  sha256: ${sha256}
  mode: "0755"
  notify: ["service[app]"]
- kind: file
  path: /etc/app.conf
  content: "version ${version.trim()}\\n"
  after: ["download[/opt/app]"]
  notify: ["service[app]"]
- kind: service
  name: app
  unit: |
    [Service]
    ExecStart=/opt/app
  state: started
  after: ["file[/etc/app.conf]"]
`;

  it('takes the run back, restarts nothing, and the same revision is applied when it is up again', async () => {
    expect(await rig.converge(wanted(''))).toMatchObject({ outcome: 'converged' });
    const starts = await rig.starts('app');
    isDown = true;

    const failed = await rig.converge(wanted('# 2\n'));

    expect(failed).toMatchObject({ outcome: 'rolledBack', retriable: true, refreshes: [] });
    expect(failed.summary).toMatch(/answers 503\. Everything was put back as it was; the same revision can be tried again$/);
    expect(await host.read('/etc/app.conf')).toBe('version \n');
    expect(await rig.starts('app')).toBe(starts);
    isDown = false;
    const { outcome, refreshes } = await rig.run();
    expect({ outcome, refreshes: refreshes.map(({ name }) => name) }).toEqual({
      outcome: 'converged',
      refreshes: ['service[app]'],
    });
    expect(await rig.starts('app')).toBe(starts + 1);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, refreshes: [] });
  });

  it('is not the same as a file that holds something else: that revision is not tried again', async () => {
    const starts = await rig.starts('app');
    const failed = await rig.converge(wanted('# 3\n', sha256Of('other')));

    expect(failed.outcome).toBe('rolledBack');
    expect(failed.retriable).toBeUndefined();
    expect((await rig.run()).problems).toMatchObject([{ code: 'quarantined' }]);
    expect(await rig.starts('app')).toBe(starts);
  });

  it('is told apart from a package that does not exist', async () => {
    const packages = await host.read('/srv/apt/Packages');
    server.serve('/apt/./Packages', packages);
    await host.write('/etc/apt/sources.list', `deb [trusted=yes] http://tests.example:${server.port}/apt ./\n`);
    server.serve('/apt/./Release', await host.read('/srv/apt/Release'));
    await host.ask(['apt-get', 'update', '-qq']);
    for (const [, name = ''] of packages.matchAll(/^Filename: \.?\/?(\S+)$/gm))
      server.serve(`/apt/./${name}`, (_request, response) => response.writeHead(503).end());

    const { summary, retriable } = await rig.converge('- { kind: package, name: sample, names: [sample] }');

    expect({ summary, retriable }).toEqual({ summary: expect.stringContaining('503'), retriable: true });
  });

  it.each([
    ['user', 'passwd'],
    ['group', 'group'],
  ])(
    'or account files that somebody else holds: a %s cannot be made, which says nothing against the revision',
    async (kind, file) => {
      await host.ask([
        'systemd-run',
        '--quiet',
        '--unit=holder',
        'sh',
        '-c',
        `printf $$ >/etc/${file}.lock; exec sleep infinity`,
      ]);
      await host.ask(['sh', '-c', `until [ -s /etc/${file}.lock ]; do sleep 0.05; done`]);

      const locked = await rig.converge(`- { kind: ${kind}, name: later }`);

      expect(locked).toMatchObject({ exit: 6, retriable: true, summary: expect.stringContaining('try again later') });
      await host.ask(['sh', '-c', `systemctl stop holder; rm /etc/${file}.lock`]);
      expect((await rig.run()).outcome).toBe('converged');
      await rig.converge('');
    },
  );

  it('is no more the fault of a revision than a mount that is in use', async () => {
    const mount = (size: string): string =>
      `- { kind: service, name: srv-data.mount, state: started, settle: 0s, unit: "[Mount]\\nWhat=none\\nWhere=/srv/data\\nType=tmpfs\\nOptions=size=${size}\\n" }`;
    const other = '- { kind: file, path: /srv/x, content: x }';
    await rig.converge(mount('1m'));
    await host.ask(['systemd-run', '--quiet', '--unit=busy', 'sh', '-c', 'cd /srv/data; exec sleep 1000']);

    for (const wanted of [mount('2m'), other])
      expect(await rig.converge(wanted)).toMatchObject({ outcome: 'rolledBack', retriable: true });
    expect(await host.read('/proc/mounts')).toContain('/srv/data tmpfs rw,relatime,size=1024k');
    await host.ask(['systemctl', 'stop', 'busy']);
    expect(await rig.run()).toMatchObject({ outcome: 'converged' });
    expect(await host.read('/proc/mounts')).not.toContain('/srv/data');
  });

  it('is told otherwise than what systemd refuses to stop, which goes on as it was', async () => {
    await host.write('/lib/systemd/system/firm.service', '[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=/bin/sleep 1000\n');
    await host.ask(['sh', '-c', 'systemctl daemon-reload; systemctl start firm']);
    const before = await rig.show('firm', 'MainPID');

    const { outcome, summary } = await rig.converge('- { kind: service, name: firm, drop_ins: { a: "[Service]\\nNice=1\\n" } }');

    expect({ outcome, summary }).toEqual({ outcome: 'rolledBack', summary: expect.stringContaining('Operation refused') });
    expect(await rig.show('firm', 'MainPID', 'NeedDaemonReload')).toEqual([...before, 'no']);
  });
});
