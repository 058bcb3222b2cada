import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { makePublicKey } from '../support/public-key.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const files = ['passwd', 'shadow', 'group', 'gshadow', 'subuid', 'subgid'];
const fails = '- { kind: command, argv: ["false"], unless: ["false"] }';

describeOnHosts('accounts on a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
    await host.ask(['tar', '--create', '--file=/srv/bare.tar', '--directory=/etc', ...files]);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    const clear = 'rm -rf /var/lib/timmy-reconciler /home/* /srv/app && tar --extract --file=/srv/bare.tar --directory=/etc';
    await host.ask(['sh', '-c', clear]);
  });

  const ask = async (...argv: readonly string[]): Promise<string> => (await host.ask(argv)).trim();
  const exists = async (path: string): Promise<boolean> => (await host.run(['test', '-e', path])).exitCode === 0;
  /** Every account with its password and ages, whatever the order of lines and members; and what is in the homes. */
  const accounts = async (): Promise<string> => {
    const text = await ask('sh', '-c', `cd /etc; sort ${files.join(' ')}; find /home -printf '%p %m %u:%g\\n' | sort`);
    return text.replaceAll(
      /^((?:[^:\n]*:){3})([^:\n]+)$/gm,
      (_line, head: string, members: string) => head + members.split(',').sort().join(),
    );
  };

  it('a user is there before its files, with its groups, and then nothing is to do', async () => {
    const first = await rig.converge(`
- { kind: file, path: /srv/app/config, content: x, owner: app, group: deploy }
- { kind: directory, path: /srv/app, owner: app }
- { kind: user, name: app, uid: 2001, groups: [deploy, sudo], comment: The äpp, shell: /bin/bash }
- { kind: group, name: deploy, gid: 2100 }`);

    expect(first).toMatchObject({ outcome: 'converged', counts: { create: 4 } });
    expect(await ask('id', 'app')).toBe('uid=2001(app) gid=2001(app) groups=2001(app),27(sudo),2100(deploy)');
    expect(await ask('getent', 'passwd', 'app')).toBe('app:x:2001:2001:The äpp:/home/app:/bin/bash');
    expect(await ask('stat', '--format=%U:%G', '/srv/app/config', '/srv/app', '/home/app')).toBe('app:deploy\napp:root\napp:app');
    expect(await ask('sh', '-c', 'grep ^app: /etc/shadow | cut -d: -f2')).toBe('!');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, counts: { create: 0, update: 0 } });
  });

  it('a system user has an id of a system and no home', async () => {
    await rig.converge('- { kind: user, name: daemon2, system: true, home: /var/lib/daemon2, shell: /usr/sbin/nologin }');

    expect(Number(await ask('id', '-u', 'daemon2'))).toBeLessThan(1000);
    expect(await exists('/var/lib/daemon2')).toBe(false);
  });

  it('what somebody changed by hand is healed', async () => {
    await rig.converge('- { kind: user, name: app, groups: [adm], shell: /bin/bash, comment: App }');
    await host.ask(['usermod', '--shell', '/bin/sh', '--groups', 'sudo', '--comment', 'Mine', 'app']);
    await host.ask(['rm', '-r', '/home/app']);

    expect((await rig.run()).steps[0]?.changes).toEqual([
      { field: 'comment', from: 'Mine', to: 'App' },
      { field: 'shell', from: '/bin/sh', to: '/bin/bash' },
      { field: 'groups', from: ['sudo'], to: ['adm'] },
      { field: 'home directory', from: null, to: '/home/app' },
    ]);
    expect(await ask('id', '-Gn', 'app')).toBe('app adm');
    expect(await ask('stat', '--format=%U %a', '/home/app')).toBe('app 700');
    await host.ask(['userdel', 'app']);
    expect((await rig.run()).steps).toMatchObject([{ cause: 'drift', action: 'create' }]);
  });

  it('a home that comes with another first group belongs to that', async () => {
    await rig.converge('- { kind: user, name: app }');

    await rig.converge('- { kind: group, name: team }\n- { kind: user, name: app, group: team, home: /srv/app }');

    expect(await ask('stat', '--format=%U:%G %a', '/srv/app')).toBe('app:team 700');
  });

  it('groups of others stay with "append"', async () => {
    await host.ask(['useradd', '--groups', 'adm', 'app']);
    await rig.converge('- { kind: user, name: app, groups: [sudo], append: true }');

    expect(await ask('id', '-Gn', 'app')).toBe('app adm sudo');
    await rig.converge('- { kind: user, name: app, groups: [sudo], append: true, shell: /bin/bash }');
    expect(await ask('id', '-Gn', 'app')).toBe('app adm sudo');
  });

  it('users and groups that leave git are removed in their order, and homes stay', async () => {
    await rig.converge('- { kind: group, name: zeta }\n- { kind: user, name: app, group: zeta }\n- { kind: group, name: other }');
    await host.write('/home/app/work', 'precious');

    expect(await rig.converge('- { kind: group, name: other }')).toMatchObject({ outcome: 'converged', counts: { remove: 2 } });

    expect((await host.run(['getent', 'passwd', 'app'])).exitCode).toBe(2);
    expect((await host.run(['getent', 'group', 'zeta'])).exitCode).toBe(2);
    expect(await host.read('/home/app/work')).toBe('precious');
  });

  it('a user with units of its own goes with them, and comes back with them', async () => {
    const rest = '- { kind: file, path: /srv/app, content: x }';
    await rig.converge(`${rest}
- { kind: user, name: fay }
- { kind: service, name: job, user: fay, enabled: true, state: started, settle: 0s, unit: "[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=default.target\\n" }`);
    const uid = await ask('id', '-u', 'fay');
    const isActive = async (): Promise<string> =>
      (await host.run(['systemctl', '--user', '--machine=fay@', 'is-active', 'job'])).stdout.trim();
    expect(await isActive()).toBe('active');

    expect(await rig.converge(rest)).toMatchObject({ outcome: 'converged', counts: { remove: 2 } });
    expect([await exists('/var/lib/systemd/linger/fay'), await exists(`/run/user/${uid}`)]).toEqual([false, false]);
    expect((await host.run(['getent', 'passwd', 'fay'])).exitCode).toBe(2);

    expect((await host.reconcile(['rollback'])).exit).toBe(0);
    expect([await isActive(), await ask('id', '-u', 'fay')]).toEqual(['active', uid]);

    // Others get its number.
    await host.ask(['loginctl', 'disable-linger', 'fay']);
    await host.ask(['systemctl', 'stop', `user@${uid}`]);
  });

  it('what stood before stays when it leaves git, without the groups that it was given here', async () => {
    await host.ask(['usermod', '--append', '--groups', 'adm', 'www-data']);
    await host.ask(['groupadd', 'old']);
    const rest = '- { kind: file, path: /srv/app, content: x }';
    await rig.converge(`${rest}
- { kind: group, name: old }
- { kind: group, name: deploy }
- { kind: user, name: backup }
- { kind: user, name: www-data, groups: [adm, deploy, sudo], append: true }
- { kind: command, argv: [useradd, late], unless: [id, late], name: package }
- { kind: user, name: late, comment: Late, after: ['command[package]'] }`);
    expect(await ask('id', '-Gn', 'www-data')).toBe('www-data adm sudo deploy');
    await host.ask(['usermod', '--append', '--groups', 'operator', 'www-data']);

    const left = await rig.converge(rest);

    expect(left).toMatchObject({ outcome: 'converged', counts: { remove: 2 } });
    const kept = 'what is not known to be made here is left alone';
    expect(Object.fromEntries(left.steps.map(({ address, changes, reason }) => [address, [changes.length, reason]]))).toEqual({
      'user[www-data]': [1, kept],
      'user[late]': [0, kept],
      'user[backup]': [0, kept],
      'group[old]': [0, kept],
      'group[deploy]': [1, undefined],
      'command[package]': [0, undefined],
    });
    expect(await ask('id', '-Gn', 'www-data')).toBe('www-data adm operator');
    expect((await host.run(['getent', 'passwd', 'late', 'backup'])).exitCode).toBe(0);
    expect((await host.run(['getent', 'group', 'old'])).exitCode).toBe(0);
  });

  it('what was made here and is taken back into git goes when it leaves it again, but for what a person asked for', async () => {
    const rest = '- { kind: file, path: /srv/app, content: x }';
    const isThere = async (): Promise<boolean> => (await host.run(['getent', 'passwd', 'app'])).exitCode === 0;
    await rig.converge(`${rest}\n- { kind: user, name: app }`);
    await rig.converge(`${rest}\n- { kind: user, name: app, shell: /bin/sh }`);
    await rig.converge(rest);
    expect(await isThere()).toBe(false);

    await host.ask(['useradd', 'app']);
    await rig.converge(`${rest}\n- { kind: user, name: app }`);
    await rig.converge(`${rest}\n- { kind: user, name: app, ensure: absent }`);
    expect(await isThere()).toBe(false);
  });

  it('a group that left git stays while it is the first one of somebody', async () => {
    await rig.converge('- { kind: group, name: zeta }\n- { kind: file, path: /srv/app, content: x }');
    await host.ask(['useradd', '--gid', 'zeta', 'foreign']);

    expect((await rig.converge('- { kind: file, path: /srv/app, content: x }')).outcome).toBe('converged');
    expect(await ask('id', '-gn', 'foreign')).toBe('zeta');
  });

  it('a home goes only when that is asked for', async () => {
    await rig.converge('- { kind: user, name: app }');
    await rig.converge('- { kind: user, name: app, ensure: absent }');
    expect(await exists('/home/app')).toBe(true);

    await host.ask(['useradd', 'app']);
    await rig.converge('- { kind: user, name: app, ensure: absent, remove_home: true }');
    expect(await exists('/home/app')).toBe(false);
  });

  it.each([
    ['an id that another user has', 'user, name: app, uid: 0', 'the id 0 belongs to root already'],
    ['another id for a user', 'user, name: backup, uid: 4000', 'its files would no longer be its own'],
    ['another id for a group', 'group, name: adm, gid: 4000', 'its files would no longer be its own'],
    ['an id that another group has', 'group, name: app, gid: 4', 'the id 4 belongs to the group adm already'],
    ['the end of root', 'user, name: root, ensure: absent', 'is not removed'],
    ['the end of the group of root', 'group, name: root, ensure: absent', 'is not removed'],
    ['the end of a first group', 'group, name: nogroup, ensure: absent', 'is the first group of'],
    ['an unknown group', 'user, name: app, groups: [no-such-group]', 'this host has no group "no-such-group"'],
    ['the end of a home of somebody else', 'user, name: daemon, ensure: absent, remove_home: true', 'is not its alone'],
  ])('%s stops the run before the first write', async (_what, resource, message) => {
    const before = await accounts();
    const { outcome, problems } = await rig.converge(`- { kind: file, path: /srv/app, content: x }\n- { kind: ${resource} }`);

    expect(['refused', 'invalid']).toContain(outcome);
    expect(problems[0]?.message).toContain(message);
    expect(await accounts()).toBe(before);
    expect(await exists('/srv/app')).toBe(false);
  });

  it('a user whose programs run is not removed, which says nothing against the revision', async () => {
    await rig.converge('- { kind: user, name: app }');
    await host.ask(['systemd-run', '--quiet', '--unit=at-work', '--uid=app', 'sleep', 'infinity']);

    const busy = await rig.converge('- { kind: file, path: /srv/other, content: x }');
    expect(busy).toMatchObject({ exit: 6, retriable: true, summary: expect.stringContaining('end it, or let the user log out') });
    expect([await exists('/srv/other'), await ask('id', '-un', 'app')]).toEqual([false, 'app']);

    await host.ask(['systemctl', 'stop', 'at-work']);
    expect(await rig.run()).toMatchObject({ exit: 0, counts: { remove: 1 } });
    expect((await host.run(['id', 'app'])).exitCode).toBe(1);
  });

  it('a failure afterwards takes new accounts back, with their groups and homes', async () => {
    const before = await accounts();
    const { exit, summary } = await rig.converge(`
- { kind: group, name: deploy }
- { kind: user, name: app, groups: [deploy] }
- { kind: file, path: /home/app/.profile, content: mine, owner: app, max_shrink: false }
- { kind: authorized_key, user: app, key: ${makePublicKey(1)} }
${fails}`);

    expect([exit, summary]).toEqual([6, expect.stringContaining('Everything was put back')]);
    expect(await accounts()).toBe(before);
  });

  it('a run that is killed afterwards is taken back by the next one', async () => {
    await host.ask(['useradd', '--create-home', 'gone']);
    const before = await accounts();
    const killed = rig.converge(`
- { kind: group, name: deploy }
- { kind: user, name: app, groups: [deploy] }
- { kind: user, name: gone, ensure: absent }
- { kind: command, argv: [sh, -c, "kill -9 $PPID"], unless: ["false"] }`);
    await expect(killed).rejects.toThrow();
    expect((await host.run(['getent', 'passwd', 'app', 'gone'])).stdout).toMatch(/^app:[^\n]*\n$/);

    const { outcome, recovered } = await rig.converge('- { kind: file, path: /srv/app, content: x }');

    expect([outcome, [...recovered].sort()]).toEqual(['converged', ['group[deploy]', 'user[app]', 'user[gone]']]);
    expect(await accounts()).toBe(before);
  });

  it('a failure afterwards brings back what was removed or changed, with passwords and ages', async () => {
    await host.ask(['useradd', '--create-home', '--groups', 'adm,sudo', '--comment', 'A b', '--shell', '/bin/bash', 'gone']);
    await host.ask(['useradd', '--create-home', '--groups', 'adm', 'kept']);
    await host.ask(['groupadd', '--gid', '3000', 'shared']);
    await host.ask(['gpasswd', '--members', 'gone,kept', 'shared']);
    await host.ask(['gpasswd', '--administrators', 'kept', 'shared']);
    await host.ask(['chgpasswd'], { stdin: 'shared:third\n' });
    await host.ask(['chpasswd'], { stdin: 'gone:secret\nkept:other\n' });
    await host.ask(['chage', '--mindays=1', '--maxdays=90', '--warndays=9', '--inactive=5', '--expiredate=2030-01-02', 'gone']);
    const before = await accounts();

    const { exit, summary } = await rig.converge(`
- { kind: user, name: gone, ensure: absent }
- { kind: group, name: shared, ensure: absent }
- { kind: user, name: kept, groups: [sudo], shell: /bin/bash, comment: K }
${fails}`);

    expect([exit, summary]).toEqual([6, expect.stringContaining('Everything was put back')]);
    expect(await accounts()).toBe(before);
  });

  it('a key lets its owner in through the real sshd, and the next run keeps it', async () => {
    await host.ask(['sh', '-c', 'rm -rf /srv/key*; ssh-keygen -q -t ed25519 -N "" -C laptop -f /srv/key']);
    const key = await ask('cat', '/srv/key.pub');
    const wanted = `
- { kind: user, name: app, home: /srv/app, shell: /bin/sh }
- kind: authorized_key
  user: app
  path: /srv/app/.ssh/authorized_keys
  key: ${key}
  options: [restrict, 'command="echo in"']
`;
    const login = ['ssh', '-i', '/srv/key', '-o', 'StrictHostKeyChecking=no', '-o', 'BatchMode=yes', 'app@127.0.0.1'];

    expect(await rig.converge(wanted)).toMatchObject({ outcome: 'converged' });
    expect((await host.run(login)).stdout).toBe('in\n');

    await host.ask(['chmod', 'o+w', '/srv/app/.ssh', '/srv/app/.ssh/authorized_keys']);
    expect((await host.run(login)).exitCode).toBe(255);
    expect((await rig.run()).outcome).toBe('converged');
    expect((await host.run(login)).stdout).toBe('in\n');
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });

    await rig.converge(wanted.split('- kind')[0]!);
    expect((await host.run(login)).exitCode).toBe(255);
  });
});
