import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { site } from '../support/repository.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openPackageRig, type PackageRig } from './package-rig.ts';
import { moreLine, moreSources, publishPackage } from './publish-package.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

/** As the OOM killer or a power cut: in the middle of the files of a package, once for each file `/run/kill`. */
const killDpkg = 'if [ -e /run/kill ]; then rm /run/kill; kill -9 $PPID; fi';

/** What a program has done by then, and how it is called when it is killed. */
interface Kill {
  readonly program: string;
  readonly call: string;
  readonly done: string;
  readonly resource: string;
  /** Shows what the resource is about. */
  readonly look: string;
}

const worker = `
- kind: service
  name: worker
  state: started
  enabled: true
  settle: 0s
  unit: |
    [Service]
    ExecStartPre=/bin/sleep 0.3
    ExecStart=/bin/sleep 1000
    [Install]
    WantedBy=multi-user.target
`;
const other = '- { kind: directory, path: /srv/other }';
const units = 'systemctl show worker --property=LoadState,ActiveState; ls /etc/systemd/system; systemctl list-jobs --no-legend';
const job = '- { kind: cron, name: job, schedule: "5 4 * * *", command: "true" }';
const hops = '- { kind: sysctl, key: net.ipv4.ip_default_ttl, value: 70 }';
const crontab = "ls /var/spool/cron/crontabs; grep -v '^# DO NOT\\|^# (' /var/spool/cron/crontabs/root";
const kernel = 'cat /proc/sys/net/ipv4/ip_default_ttl; ls /etc/sysctl.d';
const packages = 'dpkg --audit; dpkg-query --show sample || true';
const kills: readonly Kill[] = [
  {
    program: 'crontab',
    call: '*" - "*',
    done: 'cat >/dev/null; echo half >/var/spool/cron/crontabs/tmp.abcdef',
    resource: job,
    look: crontab,
  },
  { program: 'systemctl', call: '*" restart "*', done: 'systemctl --no-block "$@"', resource: worker, look: units },
  { program: 'sysctl', call: '*', done: 'sysctl "$@"', resource: hops, look: kernel },
  {
    program: 'apt-get',
    call: '*Dpkg::Options*',
    done: 'apt-get "$@"',
    resource: '- { kind: package, names: [sample] }',
    look: packages,
  },
];
/** With `LONG=1` also where it has done nothing, or everything, and where others of its calls are killed. */
const moreKills: readonly Kill[] = [
  ...kills.map((kill) => ({ ...kill, done: 'true' })),
  { program: 'crontab', call: '*" - "*', done: 'crontab "$@"', resource: job, look: crontab },
  { program: 'systemctl', call: '*" restart "*', done: 'systemctl "$@"', resource: worker, look: units },
  { program: 'systemctl', call: '*daemon-reload*', done: 'systemctl "$@"', resource: worker, look: units },
];

describeOnHosts('a program that is killed', () => {
  let host: Host;
  let rig: PackageRig;
  let before: string;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openPackageRig(host);
    await host.write(moreSources, moreLine);
    await publishPackage(host, { name: 'fragile', preinst: killDpkg, postrm: killDpkg });
    await publishPackage(host, { name: 'leaning', fields: ['Depends: fragile'] });
    await host.ask(['apt-get', 'update', '-qq']);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await rig.clear();
    await host.ask(['apt-get', 'purge', '-qq', 'fragile', 'leaning']);
    before = await rig.everything();
  });
  const audit = (): Promise<string> => host.ask(['dpkg', '--audit']);

  it('a dpkg while it unpacks is taken back', async () => {
    await host.write('/run/kill', '');

    const { exit, summary } = await rig.converge('- { kind: package, names: [leaning] }');

    expect([exit, summary]).toEqual([6, expect.stringContaining('Everything was put back')]);
    expect([await audit(), await rig.everything()]).toEqual(['', before]);
  });

  it('a dpkg while it unpacks what cannot be had any more is taken back', async () => {
    await rig.declare('- { kind: package, names: [leaning] }');
    await host.write('/run/kill', '');
    const gone = 'until [ ! -e /run/kill ]; do sleep 0.01; done; mv /srv/more/fragile_1.0_all.deb /srv/away.deb';
    const watcher = host.run(['sh', '-c', gone]);

    const { exit } = await rig.run();

    await watcher;
    expect([exit, await audit(), await rig.everything()]).toEqual([6, '', before]);
    await host.ask(['mv', '/srv/away.deb', '/srv/more/fragile_1.0_all.deb']);
  });

  it('a dpkg while it removes is taken back', async () => {
    await host.ask(['apt-get', 'install', '-qq', 'leaning']);
    before = await rig.everything();
    await host.write('/run/kill', '');

    const { exit, summary } = await rig.converge('- { kind: package, names: [leaning, fragile], ensure: absent }');

    expect([exit, summary]).toEqual([6, expect.stringContaining('Everything was put back')]);
    expect([await audit(), await rig.everything()]).toEqual(['', before]);
  });

  it('a dpkg that somebody killed is made up for before anything else', async () => {
    await host.write('/run/kill', '');
    expect((await host.run(['apt-get', 'install', '-qq', 'leaning'])).exitCode).toBe(100);

    expect(await rig.converge('- { kind: package, names: [jq] }')).toMatchObject({ outcome: 'converged' });

    expect([await audit(), await rig.standing('fragile')]).toEqual(['', 'install 1.0 installed']);
  });

  it('a useradd while it copies the home leaves nothing, and its end is told', async () => {
    const killed = '#!/bin/sh\n/usr/sbin/useradd "$@"\ntruncate --size=100 /home/app/.profile\nkill -KILL $$\n';
    await host.write('/usr/local/sbin/useradd', killed, 0o755);

    const { exit, summary } = await rig.converge('- { kind: user, name: app }');

    await host.ask(['rm', '/usr/local/sbin/useradd']);
    const told =
      'user[app] failed: useradd: was ended by SIGKILL. Everything was put back as it was; the same revision can be tried again';
    expect([exit, summary]).toEqual([6, told]);
    expect((await host.run(['ls', '/home'])).stdout).toBe('');
    expect((await host.run(['getent', 'passwd', 'app'])).exitCode).toBe(2);
  });
});

describeOnHosts('a program that is killed is told as such and leaves nothing, and the same revision goes on:', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
    await host.write('/var/spool/cron/crontabs/root', '1 1 * * * foreign\n', 0o600);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  afterEach(async () => {
    await host.ask(['rm', '-f', '/run/kill']);
    await rig.converge(other);
    await host.ask(['sysctl', '--write', 'net.ipv4.ip_default_ttl=64']);
  });

  it.each(process.env['LONG'] ? [...kills, ...moreKills] : kills)(
    '$program at $call after $done',
    async ({ program, call, done, resource, look }) => {
      const wrapper = `/usr/local/sbin/${program}`;
      const script = `#!/bin/sh
        case " $* " in ${call}) [ ! -e /run/kill ] || { rm /run/kill; PATH=/usr/sbin:/usr/bin; ${done}; kill -KILL $$; };; esac
        exec env PATH=/usr/sbin:/usr/bin ${program} "$@"`;
      await host.write(wrapper, script, 0o755);
      const stood = await host.ask(['sh', '-c', look]);
      await host.write('/run/kill', '');

      const first = await rig.converge(resource);
      const stands = await host.ask(['sh', '-c', look]);
      const [second, third] = [await rig.run(), await rig.run()];

      await host.ask(['rm', wrapper]);
      expect(first).toMatchObject({ exit: 6, retriable: true, summary: expect.stringContaining('was ended by SIGKILL') });
      expect(first.summary).toContain('Everything was put back as it was; the same revision can be tried again');
      expect(stands).toBe(stood);
      expect([second.outcome, third.outcome, third.steps]).toEqual(['converged', 'converged', []]);
    },
  );

  it.each(kills.filter(({ program }) => program !== 'systemctl'))(
    'or that goes on when its run is killed is waited for before that is taken back: $program',
    async ({ program, call, resource, look }) => {
      await rig.converge(other);
      const wrapper = `/usr/local/sbin/${program}`;
      const script = `#!/bin/sh
        export PATH=/usr/sbin:/usr/bin
        case " $* " in ${call}) if [ -e /run/kill ]; then rm /run/kill; cat >/run/input; kill -KILL $PPID; sleep 1
          ${program} "$@" </run/input >/dev/null 2>&1; exit; fi;; esac
        exec ${program} "$@"`;
      await host.write(wrapper, script, 0o755);
      const stood = await host.ask(['sh', '-c', look]);
      await host.write('/run/kill', '');
      await host.write('/srv/config/desired-state/site.yaml', site(resource));
      const outliving = ['systemd-run', '--quiet', '--wait', '--collect', '--property=KillMode=process'];
      const run = ['env', '--unset=INVOCATION_ID', '/usr/local/bin/reconcile', '--source', '/srv/config', '--host', 'box'];
      expect((await host.run([...outliving, ...run])).exitCode).not.toBe(0);

      const { outcome } = await rig.converge(other);

      await host.ask(['sh', '-c', `while pgrep --exact ${program}; do sleep 0.05; done; rm ${wrapper}`]);
      expect([outcome, await host.ask(['sh', '-c', look])]).toEqual(['converged', stood]);
    },
  );

  it('or is asked once more where a run is taken back', async () => {
    const killed = `#!/bin/sh
      case " $* " in *" stop "*) [ ! -e /run/kill ] || { rm /run/kill; kill -KILL $$; };; esac
      exec /usr/bin/systemctl "$@"`;
    await host.write('/usr/local/sbin/systemctl', killed, 0o755);
    await host.write('/run/kill', '');

    const { summary } = await rig.converge(`${worker}- { kind: command, argv: ["false"], unless: ["false"] }`);

    await host.ask(['rm', '/usr/local/sbin/systemctl']);
    expect(summary).toContain('Everything was put back');
    expect(await rig.show('worker', 'LoadState', 'ActiveState')).toEqual(['not-found', 'inactive']);
  });
});
