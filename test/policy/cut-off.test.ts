import { describe, expect, it } from 'vitest';
import { findCutOffs } from '../../src/policy/cut-off.ts';
import { makeInput, makeStep } from './judge-fixture.ts';

const found = (...options: Parameters<typeof makeInput>): readonly string[] => findCutOffs(makeInput(...options));
const paths = (...all: readonly string[]): readonly string[] => found({ steps: all.map((path) => makeStep(path)) });

describe('what could cut a host off', () => {
  it('is what stands in the configuration of sshd, network and firewall, and the unit of the agent', () => {
    const risky = [
      '/etc/ssh/sshd_config',
      '/etc/ssh/sshd_config.d/box.conf',
      '/etc/network/interfaces',
      '/etc/netplan/50.yaml',
      '/etc/systemd/network/10.network',
      '/etc/NetworkManager/conf.d/x.conf',
      '/etc/resolv.conf',
      '/etc/hosts',
      '/etc/nftables.conf',
      '/etc/systemd/system/ssh.service',
      '/etc/systemd/system/timmy-reconciler.service.d/more.conf',
      '/etc/./ssh//sshd_config/',
    ];
    expect(paths(...risky)).toEqual(risky.map((path) => `file[${path}]`));
  });

  it('is nothing beside it', () => {
    expect(paths('/etc/sshd', '/etc/hosts.d/x', '/etc/motd', '/srv/etc/ssh/x', '/etc/systemd/system/nginx.service')).toEqual([]);
  });

  it('is what such a thing goes with, but not what only stands above it', () => {
    expect(found({ steps: [makeStep('/etc', { action: 'remove' }), makeStep('/etc', { action: 'update' })] })).toEqual([
      'file[/etc]',
    ]);
  });

  it('is every change of a firewall, and of units and packages that are in the way', () => {
    const steps = [makeStep('ufw', { kind: 'firewall' }), makeStep('a', { kind: 'service' }), makeStep('b', { kind: 'package' })];
    const names = { a: 'ssh.service', b: 'openssh-server' } as Readonly<Record<string, string>>;
    const unitsOf = ({ resource: { id, kind } }: (typeof steps)[0]) => (kind === 'service' ? [names[id] ?? `${id}.service`] : []);
    const packagesOf = ({ resource: { id, kind } }: (typeof steps)[0]) =>
      kind === 'package' ? [{ name: names[id] ?? id, isRemoved: false }] : [];
    const others = [makeStep('nginx', { kind: 'service' }), makeStep('jq', { kind: 'package' })];

    expect(found({ steps: [...steps, ...others], unitsOf, packagesOf, pathsOf: () => [] })).toEqual([
      'firewall[ufw]',
      'service[a]',
      'package[b]',
    ]);
  });

  it('is what has such a unit restarted', () => {
    const steps = [
      { ...makeStep('/etc/default/ssh'), refreshes: ['service[ssh]'] },
      makeStep('ssh', { kind: 'service', action: 'none' }),
    ];
    const unitsOf = ({ resource: { kind } }: (typeof steps)[0]) => (kind === 'service' ? ['ssh.service'] : []);

    expect(found({ steps, unitsOf })).toEqual(['file[/etc/default/ssh]']);
  });

  it('is not what is held, what stands, and what goes back to what was proved before', () => {
    const held = { reason: 'observe', message: 'only observed' } as const;
    const path = '/etc/ssh/sshd_config';
    expect(
      found({ steps: [makeStep(path, { held }), makeStep(path, { action: 'none' }), makeStep(path, { cause: 'drift' })] }),
    ).toEqual([]);
  });
});
