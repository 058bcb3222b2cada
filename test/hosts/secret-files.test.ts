import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encryptAge } from '../../src/inventory/age.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const config = '/srv/config';
/** Ends at once where its token is of no use. */
const service = (name: string): string => `
      - kind: service
        name: ${name}
        unit: |
          [Service]
          EnvironmentFile=/etc/${name}.env
          ExecStart=/bin/sh -c 'case $TOKEN in good*) exec sleep 1000;; esac; exit 1'
          [Install]
          WantedBy=multi-user.target
        enabled: true
        state: started
        settle: 300ms`;
const file = (name: string, secret: string): string =>
  `{ path: /etc/${name}.env, variables: { TOKEN: ${secret} }, restarts: ['service[${name}]'] }`;
const site = `
assignments:
  - hosts: box
    roles:
      - role: secret-files
        with:
          files: [${file('first', 'one')}, ${file('second', 'two')}]
    resources:${service('first')}${service('second')}
`;

describeOnHosts('the rotation of secrets on a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  let recipient: string;
  const rotate = async (values: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, value] of Object.entries(values)) {
      const sealed = await encryptAge(value, [recipient]);
      await host.write(`${config}/desired-state/secrets/${name}.age`, Buffer.from(sealed).toString());
    }
  };
  const pids = (): Promise<string> => host.ask(['systemctl', 'show', '--value', '--property=MainPID', 'first', 'second']);

  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
    const identity = await generateX25519Identity();
    recipient = await identityToRecipient(identity);
    await host.write('/etc/timmy-reconciler/age.key', `${identity}\n`, 0o600);
    await host.push(join(import.meta.dirname, '../../roles/secret-files'), `${config}/roles/secret-files`);
    await host.write(`${config}/desired-state/site.yaml`, site);
    await rotate({ one: 'good-1', two: 'good-1' });
    expect(await rig.run()).toMatchObject({ outcome: 'converged', problems: [] });
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('writes a new value and restarts only what reads it', async () => {
    const [first, second] = (await pids()).trim().split(/\s+/);

    await rotate({ one: 'good-2' });

    expect(await rig.run()).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
    expect(await host.read('/etc/first.env')).toContain('TOKEN=good-2\n');
    expect(await host.ask(['stat', '-c', '%a', '/etc/first.env'])).toBe('600\n');
    const [later, same] = (await pids()).trim().split(/\s+/);
    expect(later).not.toBe(first);
    expect(same).toBe(second);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0, refreshes: [] });
  });

  it('puts all of them back when one service does not stay up with its own', async () => {
    await rotate({ one: 'good-3', two: 'stale' });

    const report = await rig.run();

    expect(report).toMatchObject({ outcome: 'rolledBack' });
    expect(JSON.stringify(report)).not.toMatch(/good-|stale/);
    expect(await host.ask(['grep', '-h', 'TOKEN', '/etc/first.env', '/etc/second.env'])).toBe('TOKEN=good-2\nTOKEN=good-1\n');
    expect(await host.ask(['systemctl', 'is-active', 'first', 'second'])).toBe('active\nactive\n');
  });
});
