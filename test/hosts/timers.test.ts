import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const job = `- kind: service
  name: job
  unit: |
    [Service]
    Type=oneshot
    ExecStart=/bin/sh -c 'echo ran >>/var/lib/job'
`;
const timer = (more: string): string => `- kind: timer\n  name: job\n  ${more.replaceAll('\n', '\n  ')}\n`;
const noon = 'schedule: "*-*-* 12:00"\npersistent: true\nrandom_delay: 5m';

const login = `- kind: service
  name: login
  user: ezra
  unit: |
    [Service]
    ExecStart=/bin/sleep 1000
    [Install]
    WantedBy=default.target
  enabled: true
  state: started
  settle: 200ms
`;

const web = (exec: string, health = ''): Readonly<Record<string, string>> => ({
  'roles/web/role.yaml': `summary: A web server.
resources:
  - kind: file
    path: /etc/web.conf
    content: "${exec}"
    notify: service[web]
  - kind: service
    name: web
    unit: |
      [Unit]
      StartLimitIntervalSec=0
      [Service]
      ExecStart=${exec}
      Restart=always
      RestartSec=100ms
    state: started
    settle: 0ms
health:
  - unit: { name: web, active_for: 1s, within: 1s }
${health}`,
  'desired-state/site.yaml': 'assignments:\n  - hosts: box\n    roles: [web]\n',
});

describeOnHosts('timers, user units, health and policy on a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
    await host.ask(['useradd', '--create-home', '--shell', '/bin/sh', 'ezra']);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('starts a path that was declared above what it starts', async () => {
    const path = '- { kind: service, name: in.path, state: started, settle: 200ms, unit: "[Path]\\nPathExists=/srv/in\\n" }';
    const job = '- { kind: service, name: in, unit: "[Service]\\nType=oneshot\\nExecStart=/bin/true\\n" }';

    expect(await rig.converge(`${path}\n${job}`)).toMatchObject({ outcome: 'converged' });
    expect(await rig.show('in.path', 'ActiveState')).toEqual(['active']);
  });

  it('starts a service and its socket in either order, and goes on with both when the socket changes', async () => {
    const service = (more = ''): string =>
      `- { kind: service, name: in, ${more}unit: "[Service]\\nExecStart=/bin/sleep 9999\\n" }`;
    const socket = (port: string): string =>
      `- { kind: service, name: in.socket, state: started, settle: 0s, unit: "[Socket]\\nListenStream=${port}\\n" }`;
    const started = 'state: started, settle: 200ms, ';
    const both = async () => [await rig.show('in.socket', 'ActiveState', 'Listen'), await rig.show('in', 'ActiveState')];
    const up = (port: string) => [['active', expect.stringContaining(`:${port} `)], ['active']];
    const none = '- { kind: file, path: /etc/x, content: x }';

    // What listens by itself, before it gets a socket.
    await rig.converge(service(started));
    await rig.converge(`${service(started)}\n${socket('7776')}`);
    expect(await both()).toEqual(up('7776'));
    expect((await host.reconcile(['rollback'])).exit).toBe(0);
    expect(await rig.show('in', 'ActiveState')).toEqual(['active']);
    await rig.converge(none);

    const needs = service(started).replace('[Service]', '[Unit]\\nRequires=in.socket\\n[Service]');
    for (const order of [
      [socket('7777'), service()],
      [socket('7777'), needs],
      [needs, socket('7777')],
    ]) {
      expect(await rig.converge(order.join('\n'))).toMatchObject({ outcome: 'converged' });
      expect(await both()).toEqual(order.includes(needs) ? up('7777') : [up('7777')[0], ['inactive']]);
      await rig.converge(none);
    }

    await rig.converge(`${service(started)}\n${socket('7777')}`);
    expect(await rig.converge(`${service(started)}\n${socket('7778')}`)).toMatchObject({ outcome: 'converged' });
    expect(await both()).toEqual(up('7778'));
    const bad = await rig.converge(`${service(started)}\n${socket('192.0.2.1:7779')}`);
    expect(bad).toMatchObject({ outcome: 'rolledBack' });
    expect(await both()).toEqual(up('7778'));
    await rig.converge(none);
  });

  it('takes a service and a socket that name each other, but not one that names what there is not', async () => {
    const service = '- { kind: service, name: in, unit: "[Unit]\\nRequires=in.socket\\n[Service]\\nExecStart=/bin/sleep 9\\n" }';
    const socket = '- { kind: service, name: in.socket, state: started, settle: 0s, unit: "[Socket]\\nListenStream=7777\\n" }';

    expect((await rig.converge(service.replace('in.socket', 'other.socket'))).summary).toContain('other.socket not found');
    expect(await rig.converge(`${service}\n${socket}`)).toMatchObject({ outcome: 'converged' });
    expect(await rig.show('in.socket', 'ActiveState')).toEqual(['active']);
  });

  it('a timer is made, enabled and started, really fires, and heals', async () => {
    expect(await rig.converge(job + timer(noon))).toMatchObject({ outcome: 'converged', counts: { create: 2 } });

    const [state, enabled, when] = await rig.show('job.timer', 'ActiveState', 'UnitFileState', 'TimersCalendar');
    expect([state, enabled]).toEqual(['active', 'enabled']);
    expect(when).toContain('*-*-* 12:00');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });

    await rig.converge(job + timer('schedule: "*-*-* *:*:*"\naccuracy: 1ms'));
    await host.ask(['sh', '-c', 'until test -s /var/lib/job; do sleep 0.1; done'], {});
    await host.ask(['systemctl', 'disable', '--now', 'job.timer']);
    expect(await rig.converge(job + timer(noon))).toMatchObject({ outcome: 'converged' });
    expect(await rig.show('job.timer', 'ActiveState', 'UnitFileState')).toEqual(['active', 'enabled']);
  });

  it('a job that its timer starts at once is neither cut off nor waited for', async () => {
    const long = `- kind: service
  name: long
  timeout: 1s
  unit: |
    [Service]
    Type=oneshot
    ExecStart=/bin/sh -c 'echo begun >>/var/lib/long; sleep 1000'
`;
    const hourly = '- { kind: timer, name: long, every: 1h, after_boot: 1s, accuracy: 1ms }\n';
    // That a run goes on while the job does: it is restarted last.
    const waits =
      '- { kind: command, argv: [sh, -c, "until test -s /var/lib/long; do sleep 0.05; done"], refresh_only: true, name: waits }\n';
    const told = '- { kind: file, path: /srv/told, content: x, notify: ["command[waits]"] }\n';

    expect(await rig.converge(told + waits + long + hourly)).toMatchObject({ outcome: 'converged' });

    expect(await host.read('/var/lib/long')).toBe('begun\n');
    expect(await rig.show('long', 'ActiveState')).toEqual(['activating']);
    expect(await rig.converge(told + waits + long.replace('begun', 'again') + hourly)).toMatchObject({ outcome: 'converged' });
    expect(await host.read('/var/lib/long')).toBe('begun\n');
  });

  it('a schedule that systemd cannot read is refused before it is written', async () => {
    await rig.converge(job + timer(noon));
    const before = await host.read('/etc/systemd/system/job.timer');

    const report = await rig.converge(job + timer('schedule: "Mon 25:00"'));

    expect(report).toMatchObject({
      outcome: 'rolledBack',
      summary: expect.stringContaining('Failed to parse calendar specification'),
    });
    expect(await host.read('/etc/systemd/system/job.timer')).toBe(before);
    expect(await rig.show('job.timer', 'ActiveState')).toEqual(['active']);
  });

  it('an existing timer is stopped and disabled, and a timer that left git is gone', async () => {
    await rig.converge(timer(noon) + job + '- kind: timer\n  name: apt-daily\n  enabled: false\n  state: stopped\n');
    expect(await rig.show('apt-daily.timer', 'ActiveState', 'UnitFileState')).toEqual(['inactive', 'disabled']);

    await rig.converge(job);

    expect(await rig.show('job.timer', 'LoadState', 'ActiveState')).toEqual(['not-found', 'inactive']);
    expect(await rig.show('apt-daily.timer', 'ActiveState', 'UnitFileState')).toEqual(['inactive', 'disabled']);
  });

  it("a user's unit runs in the user's own manager, without a login, and is taken back with it", async () => {
    const asEzra = async (...argv: readonly string[]): Promise<string> => {
      const runtime = { XDG_RUNTIME_DIR: `/run/user/${(await host.ask(['id', '-u', 'ezra'])).trim()}` };
      return (await host.run(argv, { user: 'ezra', env: runtime })).stdout.trim();
    };
    expect(await rig.converge(login)).toMatchObject({ outcome: 'converged' });

    expect(await asEzra('systemctl', '--user', 'is-active', 'login')).toBe('active');
    expect(await asEzra('systemctl', '--user', 'is-enabled', 'login')).toBe('enabled');
    expect(await host.ask(['stat', '--format=%U', '/home/ezra/.config', '/home/ezra/.config/systemd/user/login.service'])).toBe(
      'ezra\nezra\n',
    );
    expect(await host.ask(['ls', '/var/lib/systemd/linger'])).toBe('ezra\n');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });

    expect((await host.reconcile(['rollback'])).exit).toBe(0);
    expect(await host.ask(['sh', '-c', 'ls -A /home/ezra/.config /var/lib/systemd/linger 2>&1 || true'])).not.toContain('login');
    expect((await host.run(['pgrep', '--uid', 'ezra', 'sleep'])).stdout).toBe('');
    expect((await host.reconcile(['release'])).exit).toBe(0);
    expect(await rig.converge(login)).toMatchObject({ outcome: 'converged' });
    expect(await asEzra('systemctl', '--user', 'is-active', 'login')).toBe('active');
  });

  it('a failing health check takes everything back, restarts what it touched, and quarantines the revision', async () => {
    await host.ask(['rm', '/srv/config/desired-state/site.yaml']);
    const apply = async (exec: string) => {
      for (const [name, text] of Object.entries(web(exec))) await host.write(`/srv/config/${name}`, text);
      return rig.run();
    };
    expect(await apply('/bin/sleep 1000')).toMatchObject({ outcome: 'converged', health: [{ name: 'web: unit web', ok: true }] });

    const report = await apply('/bin/sleep 0.2');

    expect(report).toMatchObject({ outcome: 'rolledBack', health: [{ name: 'web: unit web', ok: false }] });
    expect(report.summary).toMatch(/health check failed: web: unit web: it (has been active for 0 s only|is activating)/);
    expect(await host.read('/etc/web.conf')).toBe('/bin/sleep 1000');
    expect(await rig.show('web', 'ActiveState', 'ExecStart')).toEqual(['active', expect.stringContaining('sleep 1000')]);
    const [pid] = await rig.show('web', 'MainPID');
    expect(await host.ask(['tr', '\\0', ' '], { stdin: await host.read(`/proc/${pid}/cmdline`) })).toBe('/bin/sleep 1000 ');
    expect((await rig.run()).outcome).toBe('refused');
    expect(await apply('/bin/sleep 2000')).toMatchObject({ outcome: 'converged' });
  });

  it('a run that is killed between a start and its proof is taken back by the next', async () => {
    const slow =
      '- kind: service\n  name: slow\n  unit: |\n    [Service]\n    ExecStart=/bin/sleep 1000\n  state: started\n  settle: 60s\n';
    await host.write(
      '/srv/config/desired-state/site.yaml',
      `assignments:\n  - hosts: box\n    resources:\n${slow.replaceAll(/^/gm, '      ')}`,
    );
    const command = 'echo $$ >/run/reconcile.pid; exec reconcile --source /srv/config --host box';
    const run = host.run(['sh', '-c', command]);
    await host.ask(['sh', '-c', 'until systemctl is-active slow; do sleep 0.1; done']);
    await host.ask(['sh', '-c', 'kill -KILL $(cat /run/reconcile.pid)']);
    await run;

    const report = await rig.converge('- kind: file\n  path: /etc/y\n  content: y\n');

    expect(report).toMatchObject({ outcome: 'converged', recovered: expect.arrayContaining(['service[slow]']) });
    expect(await rig.show('slow', 'LoadState', 'ActiveState')).toEqual(['not-found', 'inactive']);
  });

  it('a service that its package has started reads the files that came after it, by one restart', async () => {
    const resources = (nice: number): string => `- kind: package
  names: [sample-service]
- kind: file
  path: /etc/sample.env
  content: "A=1"
  notify: service[sample]
- kind: service
  name: sample
  enabled: true
  state: started
  settle: 200ms
${nice === 0 ? '' : `  drop_ins:\n    nice: "[Service]\\nNice=${nice}\\n"\n`}`;

    expect(await rig.converge(resources(0))).toMatchObject({
      outcome: 'converged',
      refreshes: [{ name: 'service[sample]', ok: true }],
    });
    expect(await rig.starts('sample')).toBe(2);

    await host.ask(['systemctl', 'stop', 'sample']);
    await host.ask(['apt-get', 'purge', '-qq', 'sample-service']);
    expect(await rig.converge(resources(3))).toMatchObject({ outcome: 'converged' });
    const [pid] = await rig.show('sample', 'MainPID');
    const stat = (await host.read(`/proc/${pid}/stat`)).split(' ');
    expect(stat[18]).toBe('3');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
  });

  it('a unit that the host policy does not list is refused before anything is written', async () => {
    await host.write('/etc/timmy-reconciler/host.yaml', 'units:\n  allow: ["app*"]\n');

    const report = await rig.converge(job);

    expect(report.problems).toEqual([
      expect.objectContaining({ code: 'command-denied', message: 'the host policy does not allow the unit job.service' }),
    ]);
    expect(report).toMatchObject({ outcome: 'refused', writes: 0 });
    await host.ask(['rm', '/etc/timmy-reconciler/host.yaml']);
  });
});
