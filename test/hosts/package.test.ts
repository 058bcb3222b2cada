import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { moreLine, moreSources, publishPackage } from './publish-package.ts';
import { openPackageRig, type PackageRig } from './package-rig.ts';

const fails = '- { kind: command, argv: ["false"], unless: ["false"] }';

describeOnHosts('packages on a booted host', () => {
  let host: Host;
  let rig: PackageRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openPackageRig(host);
    await host.write(moreSources, moreLine);
    await publishPackage(host, { name: 'provider', fields: ['Provides: only-a-name'] });
    await publishPackage(host, { name: 'rival', fields: ['Conflicts: victim'] });
    await publishPackage(host, { name: 'victim' });
    await host.ask(['apt-get', 'update', '-qq']);
    await host.ask(['apt-get', 'install', '-qq', 'victim']);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(() => rig.clear());

  /** Installed is 1.0, and there is only 2.0 any more. */
  const installLost = async (name: string): Promise<void> => {
    await publishPackage(host, { name });
    await host.ask(['apt-get', 'update', '-qq']);
    await host.ask(['apt-get', 'install', '-qq', name]);
    await host.ask(['sed', '-i', `/^Package: ${name}/,/^$/d`, '/srv/more/Packages']);
    await publishPackage(host, { name, version: '2.0' });
    await host.ask(['apt-get', 'update', '-qq']);
  };

  it('are installed together, and then nothing is to do', async () => {
    const wanted = '- { kind: package, names: [sample, sample-service, jq] }';

    expect(await rig.converge(wanted)).toMatchObject({ outcome: 'converged', counts: { create: 1 } });

    expect(await rig.standing('sample')).toBe('install 2.0 installed');
    const starts = await host.ask([
      'grep',
      '--count',
      '^Commandline.*install jq sample sample-service$',
      '/var/log/apt/history.log',
    ]);
    expect(starts.trim()).toBe('1');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, counts: { create: 0, update: 0 } });
    await host.ask(['apt-get', 'remove', '-qq', 'jq']);
    expect((await rig.run()).steps).toMatchObject([{ cause: 'drift', changes: [{ field: 'jq', from: null }] }]);
    expect(await rig.standing('jq')).toContain('installed');
  });

  it('get the version that is asked for, up and down, on hold, with configuration files as they were edited', async () => {
    const at = (version: string) =>
      `- { kind: package, name: it, names: [sample], versions: { sample: "${version}" }, hold: true }`;
    await rig.converge(at('1.0'));
    await host.write('/etc/sample.conf', 'mine\n');

    for (const [version, found] of [
      ['2.0', '2.0'],
      ['1.1*', '1.1'],
      ['1.1', '1.1'],
    ] as const) {
      expect((await rig.converge(at(version))).outcome).toBe('converged');
      expect(await rig.standing('sample')).toBe(`hold ${found} installed`);
    }
    expect(await host.read('/etc/sample.conf')).toBe('mine\n');

    await host.ask(['apt-mark', 'unhold', 'sample']);
    expect((await rig.run()).steps).toMatchObject([{ changes: [{ field: 'sample hold', from: false, to: true }] }]);
    expect((await rig.converge('- { kind: package, name: it, names: [sample], hold: false }')).outcome).toBe('converged');
    expect(await rig.standing('sample')).toBe('install 1.1 installed');
  });

  it('are removed when they are absent, and when they leave git unless others want them', async () => {
    await rig.converge('- { kind: package, name: a, names: [sample, jq] }\n- { kind: package, name: b, names: [jq] }');
    const left = await rig.converge('- { kind: package, name: b, names: [jq] }');

    expect(left.steps).toMatchObject([{ address: 'package[a]', changes: [{ field: 'sample', to: null }] }]);
    expect([await rig.standing('sample'), await rig.standing('jq')]).toEqual([
      'deinstall 2.0 config-files',
      expect.stringContaining(' installed'),
    ]);

    await rig.converge('- { kind: file, path: /srv/marker, content: x }');
    expect(await rig.standing('jq')).not.toContain(' installed');

    await rig.converge('- { kind: package, names: [sample, jq], ensure: absent, purge: true }');
    expect([await rig.standing('sample'), await rig.standing('jq')]).toEqual(['', expect.not.stringContaining(' installed')]);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
  });

  it('stay where git goes on to want them, with their architecture or without', async () => {
    for (const name of ['sample', '"sample:all"', 'sample']) {
      expect(await rig.converge(`- { kind: package, names: [${name}] }`)).toMatchObject({ outcome: 'converged' });
      expect(await rig.standing('sample')).toBe('install 2.0 installed');
    }
    const both = '- { kind: package, names: [sample] }\n- { kind: package, names: ["sample:all"], ensure: absent }';
    expect((await rig.converge(both)).summary).toContain('is wanted by one resource and unwanted by another');
  });

  it('stay when they stood before and leave git, also under another name', async () => {
    await host.ask(['apt-get', 'install', '-qq', 'jq']);
    const rest = '- { kind: file, path: /srv/marker, content: x }';
    await rig.converge(`${rest}\n- { kind: package, names: [jq] }`);
    await rig.converge(`${rest}\n- { kind: package, names: [jq, sample] }`);
    await rig.converge(`${rest}\n- { kind: package, name: both, names: [jq, sample] }`);

    const left = await rig.converge(rest);

    expect(left.steps).toMatchObject([
      {
        address: 'package[both]',
        changes: [{ field: 'sample', to: null }],
        reason: 'what is not known to be made here is left alone',
      },
    ]);
    expect(await rig.standing('jq')).toContain(' installed');
  });

  it.each([
    ['unknown', 'names: [no-such-package]', 'Unable to locate package no-such-package'],
    ['of an unknown version', 'names: [sample], versions: { sample: "9" }', "Version '9' for 'sample' was not found"],
    ['only a name for others', 'names: [only-a-name]', 'only-a-name is only a name that other packages provide'],
    ['in the way of others', 'names: [rival]', 'apt would remove victim'],
    ['needed by the rest of the system', 'names: [libc6], ensure: absent', 'cannot be removed so'],
  ])('that are %s stop the run before the first write', async (_what, attributes, message) => {
    await host.ask(['apt-get', 'update', '-qq']);
    const before = await rig.everything();

    const { exit, problems } = await rig.converge(
      `- { kind: file, path: /srv/marker, content: x }\n- { kind: package, ${attributes} }`,
    );

    expect(exit).toBe(7);
    expect(problems).toMatchObject([{ code: 'unsatisfiable-package', message: expect.stringMatching(message) as string }]);
    expect(await rig.everything()).toBe(before);
    expect((await host.run(['test', '-e', '/srv/marker'])).exitCode).toBe(1);
  });

  it('on hold by somebody else are left alone', async () => {
    await host.ask(['apt-get', 'install', '-qq', 'sample=1.0']);
    await host.ask(['apt-mark', 'hold', 'sample']);
    await host.ask(['touch', '--date=yesterday', '/var/lib/apt/lists/partial']);
    const { exit, problems } = await rig.converge('- { kind: package, names: [sample], versions: { sample: "2.0" } }');

    expect([exit, problems[0]?.message]).toEqual([7, expect.stringMatching(/[Hh]eld packages|on hold/)]);
    expect(await rig.standing('sample')).toBe('hold 1.0 installed');
  });

  it('that the host policy denies are not touched', async () => {
    await host.ask(['apt-get', 'install', '-qq', 'sample']);
    await host.write('/etc/timmy-reconciler/host.yaml', 'packages: { allow: ["sample*"], remove: never }\n', 0o600);
    const { exit, problems } = await rig.converge(
      '- { kind: package, names: [jq] }\n- { kind: package, names: [sample], ensure: absent }',
    );
    await host.ask(['rm', '/etc/timmy-reconciler/host.yaml']);

    expect([exit, problems.map(({ code, message }) => `${code} ${message}`)]).toEqual([
      7,
      [
        'command-denied the host policy does not allow to install the package "jq"',
        'command-denied the host policy does not allow to remove the package "sample"',
      ],
    ]);
  });

  it('an unknown name makes an old index new, and so does a list of sources that the same run writes', async () => {
    await host.ask(['sh', '-c', 'rm -rf /var/lib/apt/lists/*']);
    expect((await rig.converge('- { kind: package, names: [sample] }')).outcome).toBe('converged');

    await host.ask(['rm', moreSources]);
    await host.ask(['apt-get', 'update', '-qq']);
    await publishPackage(host, { name: 'more' });
    const { outcome } = await rig.converge(`
- { kind: file, path: ${moreSources}, content: "${moreLine.trim()}\\n" }
- { kind: package, names: [more], sources: [${moreSources}] }`);
    expect(outcome).toBe('converged');
    expect(await rig.standing('more')).toBe('install 1.0 installed');
  });

  it('what an interrupted dpkg left is configured first', async () => {
    await host.write('/etc/sample-broken', '');
    expect((await host.run(['apt-get', 'install', '-qq', 'sample-broken'])).exitCode).toBe(100);
    await host.ask(['rm', '/etc/sample-broken']);

    expect((await rig.converge('- { kind: package, names: [sample-broken, jq] }')).outcome).toBe('converged');

    expect(await rig.standing('sample-broken')).toBe('install 1.0 installed');
  });

  it('waits for somebody else who uses dpkg', async () => {
    await rig.takeLock();
    const running = rig.converge('- { kind: package, names: [sample] }');
    await rig.until('ps -e -o args | grep "^[a]pt-get.*install sample$" | grep -v -- " -s "');
    expect(await rig.standing('sample')).toBe('');
    await host.write('/run/go', '');

    expect((await running).outcome).toBe('converged');
  });

  it('a maintainer script that fails takes everything back, and dpkg is whole', async () => {
    await host.write('/etc/sample-broken', '');
    const before = await rig.everything();

    const { exit, summary } = await rig.converge(
      '- { kind: file, path: /srv/marker, content: x }\n- { kind: package, names: [jq, sample-broken] }',
    );

    expect([exit, summary]).toEqual([6, expect.stringContaining('Everything was put back')]);
    expect(await rig.everything()).toBe(before);
    expect(await host.ask(['dpkg', '--audit'])).toBe('');
    expect((await host.run(['test', '-e', '/srv/marker'])).exitCode).toBe(1);
  });

  it('a failure after the change brings back versions, holds and what was removed', async () => {
    await host.ask(['apt-get', 'install', '-qq', 'sample=1.0', 'sample-service', 'jq']);
    await host.ask(['apt-mark', 'hold', 'sample']);
    await host.ask(['apt-mark', 'auto', 'jq']);
    const before = await rig.everything();

    const { exit, summary } = await rig.converge(`
- { kind: package, names: [sample], versions: { sample: "2.0" }, hold: false }
- { kind: package, names: [sample-service, jq], ensure: absent }
${fails}`);

    expect([exit, summary]).toEqual([6, expect.stringContaining('Everything was put back')]);
    expect(await rig.everything()).toBe(before);
    await host.ask(['apt-mark', 'unhold', 'sample']);
  });

  it('a purge that is taken back brings back configuration files as they were edited', async () => {
    await host.ask(['apt-get', 'install', '-qq', 'sample']);
    await host.write('/etc/sample.conf', 'mine\n', 0o640);

    const { exit } = await rig.converge(`- { kind: package, names: [sample], ensure: absent, purge: true }\n${fails}`);

    expect([exit, await rig.standing('sample')]).toEqual([6, 'install 2.0 installed']);
    expect(await host.ask(['stat', '--format=%a', '/etc/sample.conf'])).toBe('640\n');
    expect(await host.read('/etc/sample.conf')).toBe('mine\n');
  });

  it('what came with an index that had to be made new first goes again', async () => {
    await publishPackage(host, { name: 'needed' });
    await publishPackage(host, { name: 'needy', fields: ['Depends: needed, sample'] });
    await host.ask(['sh', '-c', 'rm -rf /var/lib/apt/lists/*']);
    const before = await rig.everything();

    const { exit } = await rig.converge(`- { kind: package, names: [needy] }\n${fails}`);

    expect(exit).toBe(6);
    expect(await rig.everything()).toBe(before);
  });

  it('a version that is no longer to be had is said, and what else can be put back is', async () => {
    await installLost('rare');

    const { exit, summary } = await rig.converge(`
- { kind: file, path: /srv/marker, content: x }
- { kind: package, names: [rare], versions: { rare: "2.0" } }
${fails}`);

    expect([exit, summary]).toEqual([6, expect.stringContaining('rare stays, since 1.0 is nowhere to be had')]);
    expect((await host.run(['test', '-e', '/srv/marker'])).exitCode).toBe(1);
  });

  it('one that is gone with its version does not keep the host from what is declared next', async () => {
    await rig.declare('- { kind: file, path: /srv/marker, content: x }');
    await installLost('scarce');

    const bad = await rig.converge(`- { kind: package, names: [scarce], ensure: absent }\n${fails}`);
    const good = await rig.converge('- { kind: package, names: [scarce] }');

    const faults = [expect.stringContaining("Version '1.0' for 'scarce' was not found")];
    expect(bad).toMatchObject({ exit: 8, unrestored: [{ faults, isOpen: true }] });
    expect(good).toMatchObject({ outcome: 'converged', unrestored: [{ run: bad.run, faults, isOpen: false }] });
    expect(await rig.standing('scarce')).toBe('install 2.0 installed');
  });
});
