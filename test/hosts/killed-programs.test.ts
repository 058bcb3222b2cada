import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openPackageRig, type PackageRig } from './package-rig.ts';
import { moreLine, moreSources, publishPackage } from './publish-package.ts';

/** As the OOM killer or a power cut: in the middle of the files of a package, once for each file `/run/kill`. */
const killDpkg = 'if [ -e /run/kill ]; then rm /run/kill; kill -9 $PPID; fi';

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
