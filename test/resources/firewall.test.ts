import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { findSshDoors, isOpen, readListeners, sessionOf } from '../../src/resources/ssh-doors.ts';
import { firewall } from '../../src/resources/types/firewall.ts';
import { isFamilyInForce } from '../../src/resources/ufw-live.ts';
import { theLaws } from '../support/laws.ts';
import { makeRepository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { writeBelow } from '../support/write-below.ts';
import { converge, prepare, signal } from './converge-kind.ts';
import { pristine, rules } from './ufw-samples.ts';

const install = (root: string): void => {
  for (const [path, text] of Object.entries(pristine)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o640 });
  }
};

theLaws(firewall, [
  { name: 'sets all rules', attributes: { rules: [...rules] }, given: install },
  { name: 'sets no rules', attributes: { rules: [], enabled: false }, given: install },
  { name: 'sets policies', attributes: { rules: [], incoming: 'reject', outgoing: 'deny' }, given: install },
]);

describe('what a firewall may say', () => {
  it.each([
    ['a rule for everything', { action: 'allow' }, 'needs a port, an address or an interface'],
    ['a protocol alone', { proto: 'tcp', from: '10.0.0.0/8' }, '"proto" goes with "port"'],
    ['a range of both protocols', { port: '70:80' }, 'need "proto"'],
    ['a limit of everything', { action: 'limit', from: '10.0.0.0/8' }, 'need "proto"'],
    ['a range that ends before it begins', { port: '80:70', proto: 'tcp' }, 'is no range'],
    ['a port beyond the last', { port: '80:70000', proto: 'tcp' }, 'is no range'],
    ['port 0', { port: 0 }, 'port'],
    ['a name', { port: 'ssh' }, 'expected a port'],
    ['a host name', { from: 'ezra.example' }, 'expected an address'],
    ['an address in a network', { from: '10.0.0.1/8' }, 'the bits after /8 must be 0'],
    ['an address in a network of IPv6', { from: '2001:db8::1/64' }, 'the bits after /64 must be 0'],
    ['a long form', { from: '2001:0db8::/32' }, 'expected its short form, 2001:db8::'],
    ['everybody', { from: '0.0.0.0/0' }, 'expected a length from 1 to 31'],
    ['two lengths', { from: '10.0.0.0/8/8' }, 'expected an address'],
    ['another command in an interface', { interface: 'eth0 -j ACCEPT' }, 'expected the name of a network interface'],
  ])('refuses %s', (_what, rule, message) => {
    expect(prepare(firewall, { rules: [rule] }).problems.join('\n')).toContain(message);
  });
});

describe('what differs', () => {
  it('is told rule by rule, and each file keeps all other lines', async () => {
    using directory = temporaryDirectory();
    install(directory.path);
    const { diff } = await converge(firewall, { incoming: 'reject', rules: [{ port: 22, proto: 'tcp' }] }, directory.path);

    expect('changes' in diff && diff.changes).toEqual([
      { field: 'enabled', from: 'no', to: 'yes' },
      { field: 'incoming', from: 'DROP', to: 'REJECT' },
      { field: 'rules', from: null, to: 'allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in' },
      { field: 'rules6', from: null, to: 'allow tcp 22 ::/0 any ::/0 in' },
    ]);
    const read = (path: keyof typeof pristine): string => readFileSync(join(directory.path, path), 'utf8');
    expect(read('/etc/ufw/ufw.conf')).toBe(pristine['/etc/ufw/ufw.conf'].replace('ENABLED=no', 'ENABLED=yes'));
    expect(read('/etc/default/ufw')).toBe(pristine['/etc/default/ufw'].replace('PUT_POLICY="DROP"', 'PUT_POLICY="REJECT"'));
    expect(read('/etc/ufw/user.rules').split('\n')).toEqual(expect.arrayContaining(pristine['/etc/ufw/user.rules'].split('\n')));
  });

  it('of a rule for an interface has the name that the kernel knows', () => {
    const { desired } = prepare(firewall, { rules: [{ interface: 'wg_home' }] });
    const diff = firewall.diff(desired, { settings: null, isLoaded: null, isAtBoot: null, doors: [] });
    expect(diff).toMatchObject({
      changes: expect.arrayContaining([expect.objectContaining({ to: expect.stringMatching(/ in_wg_home$/) })]),
    });
  });

  it('of rules is what comes and what goes, or their order', async () => {
    using directory = temporaryDirectory();
    install(directory.path);
    const port = (number: number): object => ({ port: number, proto: 'tcp' });
    const differs = async (...ports: readonly number[]) => {
      const { diff } = await converge(firewall, { rules: ports.map(port) }, directory.path);
      return ('changes' in diff ? diff.changes : []).filter(({ field }) => field === 'rules');
    };
    const rule = (number: number): string => `allow tcp ${number} 0.0.0.0/0 any 0.0.0.0/0 in`;
    await differs(22, 80, 443);

    expect(await differs(22, 443, 8080)).toEqual([
      { field: 'rules', from: rule(80), to: null },
      { field: 'rules', from: null, to: rule(8080) },
    ]);
    expect(await differs(443, 22, 8080)).toEqual([
      { field: 'rules', from: [22, 443, 8080].map(rule), to: [443, 22, 8080].map(rule) },
    ]);
  });

  it('is everything where ufw comes in the same run', () => {
    const state = { settings: null, isLoaded: null, isAtBoot: null, doors: [] };
    expect(firewall.diff(prepare(firewall, { rules: [] }).desired, state)).toMatchObject({ action: 'create' });
  });
});

describe('the kernel', () => {
  const files = {
    enabled: 'yes',
    incoming: 'REJECT',
    outgoing: 'ACCEPT',
    ipv6: 'no',
    rules: '-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n-A ufw-user-input -s 10.0.0.5 -j ACCEPT',
    rules6: '',
  };
  const whole = [
    '-P INPUT DROP',
    '-P OUTPUT ACCEPT',
    '-A INPUT -j ufw-before-input',
    '-A OUTPUT -j ufw-before-output',
    '-A ufw-before-input -j ufw-user-input',
    '-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT',
    '-A ufw-user-input -s 10.0.0.5/32 -j ACCEPT',
  ];
  const family = { ufw: 'ufw', rules: 'rules' } as const;

  it('does what the files say', () => {
    expect(isFamilyInForce(family, files, whole)).toEqual({ isThere: true, isWhole: true });
  });

  it.each(whole)('does not without %s', (line) => {
    const lines = whole.filter((each) => each !== line);
    expect(isFamilyInForce(family, files, lines).isWhole).toBe(false);
  });
});

it('that is not loaded, or not at boot, differs', () => {
  const { desired } = prepare(firewall, { enabled: false, rules: [] });
  const settings = { enabled: 'no', incoming: 'DROP', outgoing: 'ACCEPT', rules: '', rules6: '' };
  const changesOf = (isLoaded: boolean | null, isAtBoot: boolean | null) => {
    const diff = firewall.diff(desired, { settings, isLoaded, isAtBoot, doors: [] });
    return 'changes' in diff ? diff.changes.map(({ field }) => field) : [];
  };

  expect([changesOf(null, null), changesOf(true, true), changesOf(false, true), changesOf(true, false)]).toEqual([
    [],
    [],
    ['loaded'],
    ['at boot'],
  ]);
});

describe('the way in by SSH', () => {
  const open = (door: object, list: readonly object[], incoming: 'allow' | 'deny' = 'deny'): boolean =>
    isOpen({ port: 22, ...door }, prepare(firewall, { rules: list }).desired.rules, incoming);
  const client = { client: '192.0.2.9', interface: 'eth0' };

  it.each([
    ['a rule for it', {}, [{ port: 22 }]],
    ['a limit', {}, [{ action: 'limit', port: 22, proto: 'tcp' }]],
    ['a range', {}, [{ port: '20:30', proto: 'tcp' }]],
    ['a network of somebody', {}, [{ port: 22, proto: 'tcp', from: '10.0.0.0/8' }]],
    ['what comes after a denial of some', {}, [{ action: 'deny', port: 22, from: '10.0.0.0/8' }, { port: 22 }]],
    ['the network of the session', client, [{ port: 22, from: '192.0.2.0/24' }]],
    ['the interface of the session', client, [{ port: 22, interface: 'eth0' }]],
  ])('is open by %s', (_what, door, list) => {
    expect(open(door, list)).toBe(true);
  });

  it.each([
    ['no rule', {}, []],
    ['a rule for udp', {}, [{ port: 22, proto: 'udp' }]],
    ['another port', {}, [{ port: 2222, proto: 'tcp' }]],
    ['a denial before it', {}, [{ action: 'deny', port: 22 }, { port: 22 }]],
    ['another network than that of the session', client, [{ port: 22, from: '10.0.0.0/8' }]],
    ['another interface than that of the session', client, [{ port: 22, interface: 'wg0' }]],
    ['a denial of the session', client, [{ action: 'deny', from: '192.0.2.9' }, { port: 22 }]],
  ])('is closed by %s', (_what, door, list) => {
    expect(open(door, list)).toBe(false);
  });

  it('is open without rules where everything may come in', () => {
    expect(open({}, [], 'allow')).toBe(true);
  });

  it.each([
    ['nothing where there is no sshd', {}, []],
    ['port 22 where none is named', { 'etc/ssh/sshd_config': '#Port 2222\nUsePAM yes\n' }, [22]],
    [
      'every port that is named',
      { 'etc/ssh/sshd_config': 'port 2222\nListenAddress [::]:2022\nListenAddress 192.0.2.1:2023\n' },
      [2022, 2023, 2222],
    ],
    ['the port of a part', { 'etc/ssh/sshd_config': '', 'etc/ssh/sshd_config.d/x.conf': 'Port 2222\n' }, [2222]],
  ])('is %s', async (_what, files, ports) => {
    using directory = temporaryDirectory();
    for (const [name, text] of Object.entries(files)) writeBelow(directory.path, name, text);

    const doors = await findSshDoors(openLocalReader({ root: directory.path }), signal);
    expect(doors).toEqual(ports.map((port) => ({ port })));
  });

  it('is where sshd listens, but not on loopback alone', () => {
    const text = `LISTEN 0      128    0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=63,fd=3))
LISTEN 0      128       [::]:2022    [::]:* users:(("sshd",pid=63,fd=4))
LISTEN 0      128  127.0.0.1:6010 0.0.0.0:* users:(("sshd",pid=70,fd=9))
LISTEN 0      511    0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=80,fd=6))
`;
    expect(readListeners(text)).toEqual([22, 2022]);
  });

  it('is that of the session', () => {
    expect(sessionOf('192.0.2.9 50000 127.0.0.1 2222')).toMatchObject({ port: 2222, client: '192.0.2.9', interface: 'lo' });
    expect(sessionOf('nonsense')).toBe(undefined);
    for (const own of ['127.0.0.1', '::1', '::ffff:127.0.0.2']) expect(sessionOf(`${own} 50000 ${own} 22`), own).toBe(undefined);
  });
});

it('under a root without ufw it is held, and one with an sshd is not closed', () => {
  using repository = makeRepository('- { kind: firewall, rules: [] }');
  expect(repository.report().steps.map(({ reason }) => reason)).toEqual(['needs ufw, which this root does not have']);

  install(repository.root);
  writeBelow(repository.root, 'etc/ssh/sshd_config', '');
  const { exit, problems } = repository.report();
  expect([exit, problems[0]?.message]).toEqual([7, 'nobody could reach sshd on port 22 any more']);
});
