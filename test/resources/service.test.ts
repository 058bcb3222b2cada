import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import { service } from '../../src/resources/types/service.ts';
import { user } from '../../src/resources/types/user.ts';
import { theLaws } from '../support/laws.ts';
import { openRig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { prepare } from './converge-kind.ts';

const etc = 'etc/systemd/system';
const put = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
const link = (path: string, target: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
};

const unit = '[Unit]\nDescription=App\n[Service]\nExecStart=/usr/bin/app\n[Install]\nWantedBy=multi-user.target\n';
const app = { name: 'app', unit, enabled: true, state: 'started' };
const nice = (text: string): string => `[Service]\nNice=${text}\n`;

/** As a package brings it: under another name too, and with a socket that goes with it. */
function withVendor(root: string): void {
  const text = '[Service]\nExecStart=/usr/sbin/web\n[Install]\nWantedBy=multi-user.target\nAlias=www.service\nAlso=web.socket\n';
  put(join(root, 'usr/lib/systemd/system/web.service'), text);
  put(join(root, 'usr/lib/systemd/system/web.socket'), '[Socket]\nListenStream=80\n[Install]\nWantedBy=sockets.target\n');
}
function withEnabledVendor(root: string): void {
  withVendor(root);
  link(join(root, etc, 'multi-user.target.wants/web.service'), '/lib/systemd/system/web.service');
  link(join(root, etc, 'sockets.target.wants/web.socket'), '/lib/systemd/system/web.socket');
  link(join(root, etc, 'www.service'), '/lib/systemd/system/web.service');
  link(join(root, etc, 'other.service'), '/lib/systemd/system/else.service');
}
/** As Debian has its sshd. */
function withAlias(root: string): void {
  const text = '[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n';
  put(join(root, 'usr/lib/systemd/system/ssh.service'), text);
  link(join(root, etc, 'sshd.service'), '/usr/lib/systemd/system/ssh.service');
  link(join(root, etc, 'multi-user.target.wants/ssh.service'), '/usr/lib/systemd/system/ssh.service');
}
function withMask(root: string): void {
  withVendor(root);
  link(join(root, etc, 'web.service'), '/dev/null');
  link(join(root, 'run/systemd/system/web.service'), '/dev/null');
}

theLaws(service, [
  { name: 'makes a unit and enables it', attributes: app },
  { name: 'replaces a unit that somebody made', attributes: app, given: (root) => put(join(root, etc, 'app.service'), 'x') },
  { name: 'replaces a mask by its unit', attributes: app, given: (root) => link(join(root, etc, 'app.service'), '/dev/null') },
  { name: 'disables', attributes: { ...app, enabled: false }, before: app },
  {
    name: 'replaces a drop-in by another',
    attributes: { ...app, drop_ins: { b: nice('2') } },
    before: { ...app, drop_ins: { a: nice('1') } },
  },
  { name: 'removes the last drop-in', attributes: app, before: { ...app, drop_ins: { a: nice('1') } } },
  { name: 'removes a unit', attributes: { name: 'app', ensure: 'absent' }, before: app },
  { name: 'enables the unit of a package', attributes: { name: 'web', enabled: true }, given: withVendor },
  { name: 'disables the unit of a package', attributes: { name: 'web', enabled: false }, given: withEnabledVendor },
  { name: 'masks the unit of a package', attributes: { name: 'web', masked: true }, given: withVendor },
  { name: 'unmasks and enables', attributes: { name: 'web', masked: false, enabled: true }, given: withMask },
  { name: "makes a user's unit", attributes: { ...app, user: 'root', unit: unit.replace('multi-user', 'default') } },
  { name: 'makes a job of launchd', attributes: { ...app, manager: 'launchd' } },
]);

describe('a service under --root', () => {
  const converge = async (attributes: object, given: (root: string) => void = () => undefined) => {
    const directory = temporaryDirectory();
    const rig = openRig(directory.path, [service]);
    given(rig.root);
    const { steps } = await rig.plan([rig.resource(service, attributes)]);
    await rig.apply([rig.resource(service, attributes)]);
    return {
      rig,
      at: (path: string) => join(rig.root, path),
      step: steps[0]!,
      [Symbol.dispose]: () => directory[Symbol.dispose](),
    };
  };

  it('is enabled by the links that systemctl would make, with aliases and what goes with it', async () => {
    using done = await converge({ name: 'web', enabled: true }, withVendor);

    expect(readlinkSync(done.at(`${etc}/multi-user.target.wants/web.service`))).toBe('/usr/lib/systemd/system/web.service');
    expect(readlinkSync(done.at(`${etc}/sockets.target.wants/web.socket`))).toBe('/usr/lib/systemd/system/web.socket');
    expect(readlinkSync(done.at(`${etc}/www.service`))).toBe('/usr/lib/systemd/system/web.service');
  });

  it('counts links that a package made by another path as its own', async () => {
    using done = await converge({ name: 'web', enabled: true }, withEnabledVendor);

    expect(done.step.diff).toEqual({ action: 'none' });
  });

  it('is enabled as an instance of a template', async () => {
    const template = '[Service]\nExecStart=/bin/x %i\n[Install]\nWantedBy=at-%i.target\n';
    using done = await converge({ name: 'job@7', enabled: true }, (root) =>
      put(join(root, 'usr/lib/systemd/system/job@.service'), template),
    );

    expect(readlinkSync(done.at(`${etc}/at-7.target.wants/job@7.service`))).toBe('/usr/lib/systemd/system/job@.service');
  });

  it('says that its state needs a live host', async () => {
    using done = await converge(app);

    expect(done.step).toMatchObject({ note: 'its state needs a live host', refreshes: [] });
    expect(done.step.diff).toMatchObject({ action: 'create', changes: [{ field: 'unit' }, { field: 'enabled' }] });
  });

  it('leaves the unit of a package alone that left git, but for its own drop-in', async () => {
    using done = await converge({ name: 'web', enabled: true, drop_ins: { a: nice('1') } }, withVendor);

    const { steps } = await done.rig.plan([]);

    expect(steps[0]?.diff).toEqual({ action: 'remove', changes: [{ field: 'drop_ins.a', from: expect.any(String), to: null }] });
  });

  it.each([
    ['the unit of a package cannot be removed', { name: 'web', ensure: 'absent' }, withVendor, 'which is not removed'],
    ['a masked unit is not enabled', { name: 'web', enabled: true }, withMask, 'is masked on this host'],
    [
      'a unit without [Install] is not enabled',
      { name: 'plain', enabled: true },
      (root: string) => put(join(root, 'usr/lib/systemd/system/plain.service'), '[Service]\nExecStart=/bin/x\n'),
      'has no [Install] section',
    ],
    [
      'a unit file is not masked',
      { name: 'app', masked: true },
      (root: string) => put(join(root, etc, 'app.service'), unit),
      'a file of its own stands there',
    ],
  ])('%s', async (_what, attributes, given, said) => {
    await expect(converge(attributes, given)).rejects.toThrow(said);
  });

  it('enables, disables and masks exactly what systemctl does, whoever made the links', async () => {
    using directory = temporaryDirectory();
    const rig = openRig(directory.path, [service]);
    const ask = (...words: string[]): string =>
      spawnSync('systemctl', [`--root=${rig.root}`, ...words], { encoding: 'utf8' }).stdout.trim();
    withAlias(rig.root);
    link(join(rig.root, etc, 'multi-user.target.wants/sshd.service'), '../sshd.service');
    expect(ask('is-enabled', 'ssh', 'sshd')).toBe('enabled\nalias');

    for (const [attributes, states] of [
      [{ enabled: false }, 'disabled'],
      [{ enabled: true }, 'enabled\nalias'],
      [{ masked: true }, 'masked\nmasked'],
      [{ masked: false, enabled: true }, 'enabled\nalias'],
    ] as const) {
      const resources = [rig.resource(service, { name: 'ssh', ...attributes })];
      await rig.apply(resources);
      expect(ask('is-enabled', 'ssh', 'sshd')).toBe(states);
      expect((await rig.plan(resources)).steps[0]?.diff).toEqual({ action: 'none' });
    }

    ask('disable', 'ssh');
    expect((await rig.plan([rig.resource(service, { name: 'ssh', enabled: false })])).steps[0]?.diff).toEqual({ action: 'none' });
  });

  it.each([{ enabled: true }, { enabled: false }, { masked: true }, { masked: false }, { ensure: 'absent' }])(
    'is not found to be %o by another name that it has',
    async (attributes) => {
      await expect(converge({ name: 'sshd', ...attributes }, withAlias)).rejects.toThrow(
        'sshd.service is another name of ssh.service',
      );
    },
  );

  it.each([
    ['an instance of a template that is another one', 'autovt@tty1', 'getty@tty1'],
    ['an alias of an alias', 'remote', 'ssh'],
  ])('is known by the name of %s', async (_what, name, own) => {
    const refused = converge({ name, enabled: true }, (root) => {
      withAlias(root);
      put(join(root, 'usr/lib/systemd/system/getty@.service'), unit);
      link(join(root, 'usr/lib/systemd/system/autovt@.service'), 'getty@.service');
      link(join(root, etc, 'remote.service'), 'sshd.service');
    });

    await expect(refused).rejects.toThrow(`${name}.service is another name of ${own}.service`);
  });

  it('is managed by another name for what that name is enough', async () => {
    using started = await converge({ name: 'sshd', state: 'started', drop_ins: { a: nice('1') } }, withAlias);
    using replaced = await converge({ ...app, name: 'sshd' }, withAlias);

    expect(started.step.diff).toMatchObject({ changes: [{ field: 'drop_ins.a' }] });
    expect(readFileSync(replaced.at(`${etc}/sshd.service`), 'utf8')).toBe(unit);
  });

  it('has the name of its link when its file stands where systemd does not look', async () => {
    using done = await converge({ name: 'thing', enabled: true }, (root) => {
      put(join(root, 'opt/thing-2.service'), unit);
      link(join(root, etc, 'thing.service'), '/opt/thing-2.service');
    });

    expect(readlinkSync(done.at(`${etc}/multi-user.target.wants/thing.service`))).toBe('/opt/thing-2.service');
  });

  it.each([
    ['that is enabled too', 'web', 'web.service', withEnabledVendor],
    ['whose file nobody has', 'gone', 'gone.service', () => undefined],
    ['by its template', 'job@7', 'job@.service', (root: string) => put(join(root, 'usr/lib/systemd/system/job@.service'), unit)],
  ])('is not enabled while there is a mask on a unit %s', async (_what, name, masked, given) => {
    const refused = converge({ name, enabled: true }, (root) => {
      given(root);
      link(join(root, etc, masked), '/dev/null');
    });

    await expect(refused).rejects.toThrow('is masked on this host');
  });

  it('becomes a property list for macOS', async () => {
    using done = await converge({ name: 'ai.hermes.gateway', manager: 'launchd', user: 'apayne', unit, enabled: true });

    const text = readFileSync(done.at('Users/apayne/Library/LaunchAgents/ai.hermes.gateway.plist'), 'utf8');
    expect(text).toContain('<key>Label</key>\n  <string>ai.hermes.gateway</string>');
  });
});

describe('what a service may say', () => {
  it.each([
    ['a timer', { name: 'x.timer' }, 'name: a timer is its own kind; write "kind: timer"'],
    ['a line that is none', { unit: `${unit}nonsense\n` }, 'unit: line 7: expected "[Section]" or "Key=value"'],
    ['a section of another kind', { unit: `${unit}[Timer]\nOnBootSec=1\n` }, 'unit: [Timer] is no section of a .service unit'],
    ['no command', { unit: '[Service]\nUser=x\n', enabled: undefined }, 'unit: [Service] has no ExecStart='],
    ['enabled without [Install]', { unit: '[Service]\nExecStart=/bin/x\n' }, 'enabled: app.service has no [Install] section'],
    [
      'a oneshot that is to run',
      { unit: unit.replace('[Service]', '[Service]\nType=oneshot') },
      'state: app.service is a oneshot',
    ],
    ['a template that is to run', { name: 'app@' }, 'name: app@.service is a template'],
    ['a secret', { unit: Secret.of(unit) }, 'unit: a secret cannot stand in a unit'],
    ['a secret drop-in', { drop_ins: { a: Secret.of(nice('1')) } }, 'drop_ins.a: a secret cannot stand in a unit'],
    ['a mask on its own unit', { masked: true }, ': a masked unit has no unit file'],
    ['a home of nobody', { home: '/home/x' }, ': "home" goes with "user"'],
    ['a broken drop-in', { drop_ins: { a: 'Nice=1\n' } }, 'drop_ins.a: line 1: "Nice" stands before any section'],
    [
      'an environment file for launchd',
      { manager: 'launchd', unit: `[Service]\nEnvironmentFile=/x\nExecStart=/x\n` },
      'unit: launchd has nothing for Service EnvironmentFile=',
    ],
    ['drop-ins for launchd', { manager: 'launchd', drop_ins: { a: nice('1') } }, ': launchd knows neither drop-ins'],
  ])('%s is a problem', (_what, attributes, problem) => {
    expect(prepare(service, { ...app, ...attributes }).problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    ['app', {}],
    ['app', { name: 'app.service' }],
    ['app.socket', { name: 'app.socket', unit: undefined }],
    ['ezra/app', { user: 'ezra' }],
    ['ai.hermes', { name: 'ai.hermes', manager: 'launchd' }],
  ])('is known as %s', (id, attributes) => {
    expect(prepare(service, { ...app, ...attributes }).id).toBe(id);
  });

  it.each([
    ['in the usual home', {}, 'the home of ezra is /srv/ezra, where its service manager looks for units'],
    ['in that home', { home: '/srv/ezra' }, undefined],
    ['that is only started', { unit: undefined, enabled: undefined, state: 'started' }, undefined],
    ['that goes', { unit: undefined, ensure: 'absent' }, undefined],
  ])('beside a user that gets another home, a unit %s', (_what, attributes, message) => {
    const { desired } = prepare(service, { ...app, user: 'ezra', ...attributes });
    const other = prepare(user, { name: 'ezra', home: '/srv/ezra' }).desired;

    expect(service.misfit?.(desired, { kind: 'user', desired: other })?.message).toBe(message);
  });

  it('waits for the user and group that it runs as, and owns its files', () => {
    const text = unit.replace('[Service]', '[Service]\nUser=web\nGroup=www');
    const { desired } = prepare(service, { ...app, unit: text, drop_ins: { a: nice('1') } });

    expect(service.requires?.(desired)).toEqual(['user[web]', 'group[www]']);
    expect(service.owns?.(desired)).toEqual([`/${etc}/app.service`, `/${etc}/app.service.d/a.conf`]);
    expect(service.units?.(desired)).toEqual(['app.service']);
  });

  it.each([
    ['in.path', '[Path]\nPathExists=/srv/in', 'service[in]'],
    ['in.path', '[Path]\nPathExists=/srv/in\nUnit=sort.service', 'service[sort]'],
    ['srv-in.automount', '[Automount]\nWhere=/srv/in', 'service[srv-in.mount]'],
  ])('of %s with %j waits for what it starts', (name, settings, address) => {
    const { desired } = prepare(service, { name, unit: `${settings}\n` });

    expect(service.requires?.(desired)).toEqual([address]);
  });
});
