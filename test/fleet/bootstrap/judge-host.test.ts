import { describe, expect, it } from 'vitest';
import { judgeHost } from '../../../src/fleet/bootstrap/judge-host.ts';
import { parseLook, type Look } from '../../../src/fleet/bootstrap/look.ts';

const digest = 'a'.repeat(64);
const packed = { path: '/cache/x.gz', size: 40 * 1024 * 1024 };
const runtime = {
  machine: 'x86_64',
  name: `24.11.1-${'a'.repeat(12)}`,
  version: '24.11.1',
  sha256: digest,
  size: 120 * 1024 * 1024,
  packed,
} as const;
const program = { id: '1.0.0-aaaaaaaaaaaa', packed: { path: '/cache/p.gz', size: 1024 * 1024 }, size: 5 * 1024 * 1024 };
const brought = { runtimes: [runtime], program };

const lines = {
  uid: '0',
  kernel: 'Linux',
  machine: 'x86_64',
  system: 'Debian GNU/Linux 12 (bookworm)',
  apt: 'yes',
  systemd: 'yes',
  space: '4000000',
};
const answer = (changed: Readonly<Record<string, string>> = {}): string =>
  [...Object.entries({ ...lines, ...changed }).map(([key, value]) => `${key}\t${value}`), 'end\tyes', ''].join('\n');
const look = (changed?: Readonly<Record<string, string>>): Look => parseLook(answer(changed))!;

describe('judging a host', () => {
  it('lets a bare Debian pass', () => {
    expect(judgeHost(look(), brought)).toBe(runtime);
    expect(judgeHost(look({ library: '0 755' }), brought)).toBe(runtime);
    const arm = { ...runtime, machine: 'aarch64' } as const;
    expect(judgeHost(look({ machine: 'arm64' }), { program, runtimes: [runtime, arm] })).toBe(arm);
  });

  it.each([
    ['an account that is not root', { uid: '1000' }, 'denied', 'not done as root'],
    ['another kernel', { kernel: 'FreeBSD' }, 'refused', 'runs FreeBSD, not Linux'],
    ['no packages of Debian', { apt: '', system: 'Alpine Linux' }, 'refused', 'Alpine Linux has no apt-get'],
    ['no systemd', { systemd: '' }, 'refused', 'systemd does not run there'],
    ['another machine', { machine: 'riscv64' }, 'refused', 'no Node for its kind of machine, riscv64'],
    ['a library of somebody else', { library: '1000 755' }, 'refused', 'does not belong to root alone'],
    ['a library that others write to', { library: '0 775' }, 'refused', 'does not belong to root alone'],
    ['a small disk', { space: '100000' }, 'refused', 'has 97 MiB free below /usr/local, and'],
    ['an escape in a fact', { machine: '\x1b[2J' }, 'refused', '\\e[2J'],
  ])('refuses %s, and says that nothing was changed', (_what, changed, verdict, message) => {
    const finding = judgeHost(look(changed), brought);

    expect(finding).toMatchObject({ verdict, message: expect.stringContaining(message), hint: expect.any(String) });
    expect(finding).toMatchObject({ message: expect.stringMatching(/; nothing was changed$/) });
  });

  it('asks for no room for what is there', () => {
    const there = { space: '0', git: 'yes', certificates: 'yes', runtime: `${runtime.name} ${digest}`, program: 'aaaaaaaaaaaa' };

    expect(judgeHost(look(there), brought)).toBe(runtime);
    const other = look({ ...there, runtime: `${runtime.name} ${'b'.repeat(64)}` });
    expect(judgeHost(other, brought)).toMatchObject({ verdict: 'refused' });
  });
});

describe('what a host says of itself', () => {
  it('counts only when it is whole', () => {
    const whole = answer();

    expect(parseLook(whole)).toBeDefined();
    for (let length = 0; length < whole.length - 1; length++) expect(parseLook(whole.slice(0, length))).toBeUndefined();
    expect(parseLook(`Welcome!\n${whole}`)).toEqual(parseLook(whole));
  });

  it('is taken as text, and what does not have its form is left out', () => {
    const seen = look({
      policy: 'aG9zdDogZXpyYQo=',
      node: '/opt/node',
      current: '1-a',
      trial: 'yes',
      unconfirmed: 'yes',
      active: 'no',
    });
    const files = [`file\t${digest} 0 600 /etc/x y\n`, 'file\t123 0 600 /etc/short\n', `runtime\t${runtime.name} nothing\n`];
    const more = parseLook(files.join('') + answer({ space: 'lots' }));

    expect(seen).toMatchObject({ node: '/opt/node', current: '1-a', confirmed: undefined, isActive: false });
    expect([seen.isOnTrial, seen.isUnconfirmed, look().isUnconfirmed]).toEqual([true, true, false]);
    expect(seen.policy?.toString()).toBe('host: ezra\n');
    expect(look().policy).toBeUndefined();
    expect(look({ policy: '' }).policy).toEqual(Buffer.alloc(0));
    expect([...more!.files]).toEqual([['/etc/x y', `${digest} 0 600`]]);
    expect([more!.runtimes.size, more!.space]).toEqual([0, 0]);
  });
});
