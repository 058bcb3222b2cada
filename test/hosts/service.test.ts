import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const app = (more = '', exec = '/bin/sleep 1000'): string => `
- kind: service
  name: app
  unit: |
    [Unit]
    Description=App
    [Service]
    ExecStart=${exec}
    EnvironmentFile=-/etc/app.env
    [Install]
    WantedBy=multi-user.target
  enabled: true
  state: started
  settle: 300ms
${more.trim().replaceAll(/^/gm, '  ')}
`;

describeOnHosts('service on a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('makes, enables and starts a unit, and then has nothing to do', async () => {
    const first = await rig.converge(app());

    expect(first).toMatchObject({ outcome: 'converged', counts: { create: 1 } });
    expect(await rig.show('app', 'ActiveState', 'UnitFileState', 'NeedDaemonReload')).toEqual(['active', 'enabled', 'no']);
    const pid = await rig.show('app', 'MainPID');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', counts: { create: 0, update: 0, remove: 0 } });
    expect(await rig.run()).toMatchObject({ outcome: 'converged', refreshes: [] });
    expect(await rig.show('app', 'MainPID')).toEqual(pid);
  });

  it('heals what somebody did by hand: stopped, disabled, edited, masked, killed', async () => {
    await rig.converge(app());
    const heals = async (): Promise<readonly string[]> => {
      const { steps, outcome } = await rig.run();
      expect(outcome).toBe('converged');
      expect(await rig.show('app', 'ActiveState', 'UnitFileState', 'NeedDaemonReload')).toEqual(['active', 'enabled', 'no']);
      expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
      return steps.flatMap(({ changes }) => changes.map(({ field, from }) => `${field}: ${String(from).slice(0, 20)}`));
    };

    await host.ask(['systemctl', 'stop', 'app']);
    expect(await heals()).toEqual(['state: inactive (dead)']);
    await host.ask(['systemctl', 'kill', '--signal=SIGKILL', 'app']);
    await host.run(['systemctl', 'is-failed', '--wait', 'app']);
    expect(await heals()).toEqual([expect.stringMatching(/^state: (failed|active)/)]);
    await host.ask(['systemctl', 'disable', 'app']);
    expect(await heals()).toEqual(['enabled: false']);
    await host.ask(['sed', '-i', 's/1000/2000/', '/etc/systemd/system/app.service']);
    expect(await heals()).toEqual([expect.stringMatching(/^unit: [0-9a-f]{20}$/)]);
    expect(await rig.show('app', 'ExecStart')).toEqual([expect.stringContaining('sleep 1000')]);
    await host.ask(['chmod', '0666', '/etc/systemd/system/app.service']);
    expect(await heals()).toEqual(['unit mode: 0666']);
    await host.ask(['rm', '/etc/systemd/system/app.service']);
    await host.ask(['systemctl', 'mask', '--now', 'app']);
    expect(await heals()).toEqual(['unit: link', 'state: inactive (dead)']);
  });

  it('restarts once when its files or what notifies it change, and a drop-in counts', async () => {
    const env = (text: string): string => `- kind: file\n  path: /etc/app.env\n  content: "${text}"\n  notify: service[app]\n`;
    await rig.converge(env('A=1') + app());
    const before = await rig.show('app', 'MainPID');

    const report = await rig.converge(env('A=2') + app('drop_ins:\n  nice: |\n    [Service]\n    Nice=5\n'));

    expect(report.refreshes).toEqual([{ name: 'service[app]', ok: true, message: expect.any(String) }]);
    const [pid, nice, restarts] = await rig.show('app', 'MainPID', 'Nice', 'NRestarts');
    expect([pid === before[0], nice, restarts]).toEqual([false, '5', '0']);
    expect(await host.ask(['cat', `/proc/${pid}/environ`])).toContain('A=2');
    const starts = await rig.starts('app');
    await rig.converge(env('A=2') + app());
    expect(await rig.show('app', 'Nice', 'DropInPaths')).toEqual(['0', '']);
    expect((await rig.starts('app')) - starts).toBe(1);
  });

  it('restarts the running instances of a template that changes, and takes one back that does not stay up', async () => {
    const template = (exec: string): string =>
      `- { kind: service, name: each@, unit: "[Service]\\nExecStart=${exec}\\n", settle: 300ms }\n` +
      '- { kind: service, name: each@one, state: started, settle: 300ms }\n';
    await rig.converge(template('/bin/sleep 1000'));
    await host.ask(['systemctl', 'start', 'each@by-hand']);
    const running = async () => [
      await rig.show('each@one', 'ActiveState', 'ExecStart'),
      await rig.show('each@by-hand', 'ActiveState', 'ExecStart'),
    ];

    const report = await rig.converge(template('/bin/sleep 2000'));
    expect(report).toMatchObject({ outcome: 'converged', refreshes: [{ name: 'service[each@]', ok: true }] });
    const now = ['active', expect.stringContaining('sleep 2000')];
    expect(await running()).toEqual([now, now]);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, refreshes: [] });

    const bad = await rig.converge(template('/bin/false'));
    expect(bad).toMatchObject({ outcome: 'rolledBack', summary: expect.stringMatching(/service\[each@\].*did not stay up/) });
    expect(await running()).toEqual([now, now]);
    await host.ask(['systemctl', 'stop', 'each@by-hand']);
  });

  it.each([
    ['a key that systemd does not know', app('', '/bin/sleep 1000\n    Exzec=/bin/true'), "Unknown key 'Exzec'"],
    ['a program that is not there', app('', '/opt/missing'), '/opt/missing is not executable'],
    ['a wrong drop-in', app('drop_ins:\n  x: "[Service]\\nNicee=1\\n"'), "x.conf:2: Unknown key 'Nicee'"],
  ])('refuses %s before anything of it is written', async (_what, resources, said) => {
    await rig.converge(app());
    const before = await host.ask(['sh', '-c', 'cat /etc/systemd/system/app.service; ls /etc/systemd/system']);

    const report = await rig.converge(resources);

    expect(report).toMatchObject({ outcome: 'rolledBack', summary: expect.stringContaining(said), writes: expect.any(Number) });
    expect(await host.ask(['sh', '-c', 'cat /etc/systemd/system/app.service; ls /etc/systemd/system'])).toBe(before);
    expect(await rig.show('app', 'ActiveState', 'NeedDaemonReload')).toEqual(['active', 'no']);
  });

  it('takes a version that does not stay up back, and the one before runs again', async () => {
    await rig.converge(app());

    const report = await rig.converge(app('', "/bin/sh -c 'echo no license; sleep 0.1; exit 7'"));

    expect(report.outcome).toBe('rolledBack');
    expect(report.summary).toMatch(
      /service\[app\] failed: .*app\.service did not stay up within 0\.3 s: failed \(exit status 7\).*no license/s,
    );
    expect(await rig.show('app', 'ActiveState', 'ExecStart', 'NeedDaemonReload')).toEqual([
      'active',
      expect.stringContaining('sleep 1000'),
      'no',
    ]);
    expect((await rig.run()).outcome).toBe('refused');
    expect((await rig.converge(app())).outcome).toBe('converged');
  });

  it('goes on trying to heal what fails for another reason than its revision', async () => {
    await rig.converge(app('', "/bin/sh -c 'test ! -e /etc/full && exec sleep 1000'"));
    await host.write('/etc/full', '');
    await host.ask(['systemctl', 'stop', 'app']);

    expect((await rig.run()).outcome).toBe('rolledBack');
    expect((await rig.run()).outcome).toBe('rolledBack');
    await host.ask(['rm', '/etc/full']);
    expect((await rig.run()).outcome).toBe('converged');
    expect(await rig.show('app', 'ActiveState')).toEqual(['active']);
  });

  it('takes a unit back that does not get ready in time', async () => {
    const slow = app('timeout: 1s', '/bin/sleep 1001').replace('[Service]', '[Service]\n    Type=notify');
    await rig.converge('- kind: file\n  path: /etc/x\n  content: x\n');

    const report = await rig.converge(slow);

    expect(report.outcome).toBe('rolledBack');
    expect(report.summary).toContain('app.service cannot be started: systemctl timed out');
    expect(await rig.show('app', 'LoadState', 'ActiveState')).toEqual(['not-found', 'inactive']);
  });

  it('says so when systemd cannot even be told of the rollback, and the next run completes it', async () => {
    await rig.converge(app());
    const shim =
      '#!/bin/sh\ncase "$*" in *daemon-reload*) echo "Failed to connect to bus" >&2; exit 1;; esac\nexec /usr/bin/systemctl "$@"\n';
    await host.write('/usr/local/sbin/systemctl', shim, 0o755);

    const report = await rig.converge(app('', '/bin/sleep 3000'));
    expect(report.outcome).toBe('rollbackIncomplete');
    expect(report.summary).toMatch(/daemon-reload exited with 1: Failed to connect to bus.*rollback is INCOMPLETE/s);

    await host.ask(['rm', '/usr/local/sbin/systemctl']);
    expect(await rig.converge(app())).toMatchObject({ outcome: 'converged', recovered: ['service[app]'] });
    expect(await rig.show('app', 'ActiveState', 'NeedDaemonReload', 'ExecStart')).toEqual([
      'active',
      'no',
      expect.stringContaining('sleep 1000'),
    ]);
  });

  it('is not restarted by a run that belongs to it', async () => {
    const own = '/etc/systemd/system/own.service';
    const unit = (nice: string): string => `- kind: service\n  name: own\n  drop_ins:\n    a: "[Service]\\nNice=${nice}\\n"\n`;
    const command = 'reconcile --source /srv/config --host box -o json >/var/lib/own.json';
    await host.write(own, `[Service]\nType=oneshot\nExecStart=/bin/sh -c "${command}"\n`);
    await host.ask(['systemctl', 'daemon-reload']);
    await rig.converge(app() + unit('1'));
    await host.write(
      '/srv/config/desired-state/site.yaml',
      (await host.read('/srv/config/desired-state/site.yaml')).replace('Nice=1', 'Nice=2'),
    );

    await host.run(['systemctl', 'start', 'own']);

    const report = JSON.parse(await host.read('/var/lib/own.json')) as { outcome: string; problems: { message: string }[] };
    expect(report).toMatchObject({ outcome: 'refused', problems: [{ message: expect.stringContaining('this run belongs to') }] });
  });

  it('takes away what left git, and leaves adopted units alone', async () => {
    const ssh = '- kind: service\n  name: ssh\n  enabled: true\n  state: started\n';
    await rig.converge(app('drop_ins:\n  a: "[Service]\\nNice=1\\n"') + ssh);

    const report = await rig.converge('- kind: file\n  path: /etc/x\n  content: x\n');

    expect(report).toMatchObject({ outcome: 'converged', counts: { remove: 1 } });
    expect(await rig.show('app', 'LoadState', 'ActiveState')).toEqual(['not-found', 'inactive']);
    expect(await host.ask(['sh', '-c', 'find /etc/systemd -name "*app*"'])).toBe('');
    expect(await rig.show('ssh', 'ActiveState', 'UnitFileState')).toEqual(['active', 'enabled']);
  });

  it('restarts a unit of a package when a drop-in that left git is gone, or has come back', async () => {
    const other = '- { kind: file, path: /etc/x, content: y }\n';
    const dropIn = 'drop_ins: { a: "[Service]\\nEnvironment=MARK=\\n" }';
    const hasMark = async () =>
      (await host.ask(['cat', `/proc/${(await rig.show('cron', 'MainPID'))[0]}/environ`])).includes('MARK=');
    await rig.converge(`${other}- { kind: service, name: cron, settle: 200ms, ${dropIn} }\n`);
    expect(await hasMark()).toBe(true);

    const { refreshes } = await rig.converge(`${other}# without it\n`);
    expect(refreshes).toEqual([{ name: 'service[cron]', ok: true, message: 'because of service[cron]' }]);
    expect(await hasMark()).toBe(false);
    expect((await host.reconcile(['rollback'])).exit).toBe(0);
    expect(await hasMark()).toBe(true);
    const fails = await rig.converge(other + app('', "/bin/sh -c 'sleep 0.1; exit 7'"));
    expect(fails).toMatchObject({ outcome: 'rolledBack' });
    expect(await hasMark()).toBe(true);
  });

  it('ends the instances of a template that left git, and brings them back when that is taken back', async () => {
    const template =
      '- { kind: service, name: "many@", unit: "[Service]\\nExecStart=/bin/sleep 1000\\n[Install]\\nWantedBy=multi-user.target\\n" }\n';
    await rig.converge(`${template}- { kind: service, name: many@a, enabled: true, state: started, settle: 200ms }\n`);
    await host.ask(['systemctl', 'start', 'many@b']);
    const links = () => host.ask(['sh', '-c', 'find /etc/systemd -name "many*" | sort']);
    const before = await links();
    const other = '- { kind: file, path: /etc/none, content: many }\n';

    expect((await rig.converge(`${other}- { kind: command, argv: ["false"], unless: ["false"] }\n`)).outcome).toBe('rolledBack');
    expect([await rig.show('many@a', 'ActiveState'), await links()]).toEqual([['active'], before]);

    expect((await rig.converge(other)).outcome).toBe('converged');
    expect(await host.ask(['systemctl', 'list-units', '--all', '--no-legend', '--plain', 'many*'])).toBe('');
    expect(await links()).toBe('');
    await host.reconcile(['rollback']);
    expect([await rig.show('many@a', 'ActiveState'), await rig.show('many@b', 'ActiveState')]).toEqual([['active'], ['active']]);
    expect(await links()).toBe(before);
  });

  it('leaves nothing of a unit that has failed, or that its timer has just started, when it goes', async () => {
    const job = (name: string, exec: string): string =>
      `- { kind: service, name: ${name}, unit: "[Service]\\nType=oneshot\\nExecStart=${exec}\\n" }\n`;
    await rig.converge(job('fails', '/bin/false') + job('works', '/bin/sleep 1000'));
    await host.run(['systemctl', 'start', 'fails']);
    expect(await rig.show('fails', 'ActiveState')).toEqual(['failed']);
    await host.ask(['systemctl', 'start', '--no-block', 'works']);

    expect(await rig.converge('- { kind: file, path: /etc/x, content: x }\n')).toMatchObject({
      outcome: 'converged',
      counts: { remove: 2 },
    });

    expect(await rig.show('works', 'LoadState', 'ActiveState')).toEqual(['not-found', 'inactive']);
    expect(await host.ask(['systemctl', 'list-units', '--all', '--no-legend', '--plain', 'fails*', 'works*'])).toBe('');
  });

  it('takes back a package that brought its own running unit, and asks nothing of what is gone', async () => {
    const report = await rig.converge(
      '- { kind: package, names: [sample-service] }\n' +
        '- { kind: file, path: /srv/hello.sh, content: "#!/bin/sh\\n", mode: "0755", notify: ["command[hello]"] }\n' +
        '- { kind: command, name: hello, argv: [/srv/hello.sh], refresh_only: true }\n' +
        '- { kind: service, name: sample, drop_ins: { nice: "[Service]\\nNice=5\\n" }, state: started, settle: 200ms }\n' +
        '- { kind: command, argv: ["false"], creates: /srv/never }\n',
    );

    expect(report).toMatchObject({ outcome: 'rolledBack' });
    expect(await rig.show('sample', 'LoadState')).toEqual(['not-found']);
    expect((await host.run(['dpkg-query', '--show', 'sample-service'])).exitCode).toBe(1);
  });

  it('masks, stops and disables units of packages, and gives them back on rollback', async () => {
    const cron = (more: string): string => `- kind: service\n  name: cron\n  settle: 200ms\n  ${more}\n`;
    await rig.converge(cron('masked: true\n  state: stopped'));
    expect(await rig.show('cron', 'LoadState', 'ActiveState')).toEqual(['masked', 'inactive']);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });

    await rig.converge(cron('masked: false\n  enabled: false\n  state: started'));
    expect(await rig.show('cron', 'LoadState', 'ActiveState', 'UnitFileState')).toEqual(['loaded', 'active', 'disabled']);

    const { exit } = await host.reconcile(['rollback']);
    expect(exit).toBe(0);
    expect(await rig.show('cron', 'LoadState', 'ActiveState', 'UnitFileState')).toEqual(['masked', 'inactive', 'masked']);
    await rig.converge(cron('masked: false\n  enabled: true\n  state: started') + '# again\n');
    expect(await rig.show('cron', 'ActiveState', 'UnitFileState')).toEqual(['active', 'enabled']);
  });
});
