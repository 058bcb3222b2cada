import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { sysctl } from '../../src/resources/types/sysctl.ts';
import { theLaws } from '../support/laws.ts';
import { makeRepository, site } from '../support/repository.ts';
import { contents, prepare, signal } from './converge-kind.ts';

const forward = { key: 'net.ipv4.ip_forward', value: 1 };
const file = 'etc/sysctl.d/90-net.ipv4.ip_forward.conf';
const text = '# reconcile: net.ipv4.ip_forward\nnet.ipv4.ip_forward = 1\n';
const givenFile = (content: string) => (root: string) => {
  mkdirSync(join(root, 'etc/sysctl.d'), { recursive: true });
  writeFileSync(join(root, file), content);
};

theLaws(sysctl, [
  { name: 'makes the file', attributes: forward },
  { name: 'changes the value', attributes: { ...forward, value: 0 }, before: forward },
  { name: 'replaces a foreign file', attributes: forward, given: givenFile('vm.swappiness = 1\n') },
  { name: 'gets another name', attributes: { ...forward, name: '10-first' }, before: forward },
  { name: 'goes with the file of another name', attributes: { key: forward.key, ensure: 'absent', name: 'x' }, before: forward },
  { name: 'removes the file', attributes: { key: forward.key, ensure: 'absent' }, before: forward },
  { name: 'keeps a foreign file', attributes: { key: forward.key, ensure: 'absent' }, given: givenFile('vm.swappiness = 1\n') },
]);

describe('what a kernel setting may say', () => {
  it.each([
    ['no value', { value: undefined }, 'value: is needed'],
    ['an empty value', { value: ' ' }, 'value: expected one line'],
    ['a value of two lines', { value: '1\nvm.swappiness = 1' }, 'value: expected one line'],
    ['all settings of a kind', { key: 'net.ipv4.conf.*.forwarding' }, 'key: expected the name'],
    ['a path that climbs', { key: 'net/../../etc/passwd' }, 'key: expected the name'],
    ['an absolute path', { key: '/etc/passwd' }, 'key: expected the name'],
    ['an option', { key: '-w.x' }, 'key: expected the name'],
    ['a key alone', { key: 'vm' }, 'key: expected the name'],
    ['a file name with a slash', { name: '../x' }, 'name: expected letters'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(prepare(sysctl, { ...forward, ...attributes }).problems.join('\n')).toContain(message);
  });

  it.each([
    ['net.ipv4.ip_forward', 'net.ipv4.ip_forward', '90-net.ipv4.ip_forward'],
    ['net/ipv4/ip_forward', 'net.ipv4.ip_forward', '90-net.ipv4.ip_forward'],
    ['net/ipv4/conf/eth0.1/forwarding', 'net/ipv4/conf/eth0.1/forwarding', '90-net.ipv4.conf.eth0-1.forwarding'],
    ['net.ipv4.conf.eth0/1.forwarding', 'net/ipv4/conf/eth0.1/forwarding', '90-net.ipv4.conf.eth0-1.forwarding'],
  ])('takes %s as sysctl.d(5) does', (key, id, name) => {
    expect(prepare(sysctl, { key, value: 1 })).toMatchObject({ id, desired: { file: `/etc/sysctl.d/${name}.conf` } });
  });
});

describe('what differs', () => {
  const actual = { text, isForeign: false, mode: '0644', uid: 0, former: null, live: '1' };

  it.each([
    ['nothing', {}, {}, 'none', []],
    ['nothing where the kernel writes tabs', { value: '1  2' }, { text: text.replace('1\n', '1 2\n'), live: '1 2' }, 'none', []],
    ['the file', {}, { text: null, mode: null, uid: null }, 'create', ['file']],
    ['the running value', {}, { live: '0' }, 'update', ['live']],
    ['that the kernel does not know it', {}, { live: null }, 'update', ['live']],
    ['the mode and the owner', {}, { mode: '0666', uid: 7 }, 'update', ['mode', 'owner']],
    ['a foreign file', {}, { text: 'x', isForeign: true }, 'replace', ['file']],
    ['that it is there', { ensure: 'absent', value: undefined }, {}, 'remove', ['file']],
    ['nothing of a foreign file', { ensure: 'absent', value: undefined }, { text: 'x', isForeign: true }, 'none', []],
  ])('is %s', (_what, attributes, state, action, fields) => {
    const diff = sysctl.diff(prepare(sysctl, { ...forward, ...attributes }).desired, { ...actual, ...state });

    expect(diff.action).toBe(action);
    expect('changes' in diff ? diff.changes.map(({ field }) => field) : []).toEqual(fields);
  });
});

it('under a root the file is made and the plan says that the kernel is left', () => {
  using repository = makeRepository('- { kind: sysctl, key: net.ipv4.ip_forward, value: 1 }');

  const { outcome, steps } = repository.report();

  expect(outcome).toBe('converged');
  expect(JSON.stringify(steps)).toContain('the running kernel needs a live host');
});

it('has one file only, whatever its name has been', () => {
  const named = (name: string, value = 1): string =>
    `- { kind: sysctl, key: net.ipv4.ip_forward, value: ${value}, name: ${name} }\n`;
  using repository = makeRepository(named('90-forward'));
  repository.run();
  repository.write('desired-state/site.yaml', site(named('10-forward', 0)));

  expect(repository.run(['--check'])).toMatchObject({ exit: 2, stdout: expect.stringContaining('former file') });
  repository.run();
  expect(readdirSync(join(repository.root, 'etc/sysctl.d'))).toEqual(['10-forward.conf']);
});

it('one that the kernel takes only once stays until the next boot, and is told', async () => {
  let said = 'sysctl: setting key "kernel.kexec_load_disabled": Invalid argument';
  const host = {
    stat: (path: string) => (path.startsWith('/proc/sys/') ? {} : undefined),
    readFile: () => Buffer.from('1\n'),
    run: () => Promise.resolve({ exitCode: 1, stdout: '', stderr: said, signal: null, timedOut: false }),
  } as unknown as Host;
  const context = { host, signal, contents, last: undefined };

  expect(await sysctl.undo!.restore({ key: 'kernel.kexec_load_disabled', live: '0' }, context)).toEqual({
    aside: [expect.stringMatching(/^kernel.kexec_load_disabled stays 1 until the next boot: .*Invalid argument$/)],
  });
  expect(await sysctl.undo!.restore({ key: 'kernel.kexec_load_disabled', live: '1' }, context)).toBe('unchanged');
  said = 'Failed to start transient service unit: Connection timed out';
  await expect(sysctl.undo!.restore({ key: 'kernel.kexec_load_disabled', live: '0' }, context)).rejects.toThrow('timed out');
});

describe('a key that the kernel does not tell', () => {
  const { desired } = prepare(sysctl, { key: 'net.ipv6.conf.all.stable_secret', value: '2001:db8::1' });
  const gone = prepare(sysctl, { key: 'net.ipv6.conf.all.stable_secret', ensure: 'absent' }).desired;
  const contextOf = (code: string) => {
    const readFile = (path: string): undefined => {
      if (path.startsWith('/proc/sys/')) throw Object.assign(new Error(code), { code });
    };
    const host = { live: true, privileged: true, readFile, stat: () => undefined } as unknown as Host;
    return { host, signal, contents, last: undefined, survey: undefined };
  };

  it('because it was never set, has no value, and gets one', async () => {
    expect(await sysctl.inspect(desired, contextOf('EIO'))).toMatchObject({ live: '' });
    expect(await sysctl.undo!.capture(desired, contextOf('EIO'))).toMatchObject({ live: '' });
  });

  it('because it is an order, is none that could stand', () => {
    expect(() => sysctl.inspect(desired, contextOf('EACCES'))).toThrow('the kernel lets nobody read');
  });

  it.each(['EIO', 'EACCES'])('is not asked for where only its file is to go (%s)', async (code) => {
    expect(await sysctl.inspect(gone, contextOf(code))).not.toHaveProperty('live');
    expect(await sysctl.undo!.capture(gone, contextOf(code))).toMatchObject({ live: null });
  });
});
