import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig, type UnitRig } from './unit-rig.ts';

const setting = 'net.ipv4.conf.all.log_martians';
const live = `/proc/sys/${setting.replaceAll('.', '/')}`;
const file = `/etc/sysctl.d/90-${setting}.conf`;
const wanted = `- { kind: sysctl, key: ${setting}, value: 1 }`;

describeOnHosts('kernel settings on a booted host', () => {
  let host: Host;
  let rig: UnitRig;
  beforeAll(async () => {
    host = await bootHost();
    rig = await openUnitRig(host);
    await host.ask(['sh', '-c', 'command -v sysctl || apt-get install --yes procps']);
  }, 60_000);
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await host.ask(['sh', '-c', `rm -rf /var/lib/timmy-reconciler /etc/sysctl.d/90-*; echo 0 > ${live}`]);
  });

  it('are set now and for the next boot, and then nothing is to do', async () => {
    expect(await rig.converge(wanted)).toMatchObject({ outcome: 'converged', counts: { create: 1 } });
    expect(await host.read(live)).toBe('1\n');
    expect(await host.read(file)).toContain(`${setting} = 1\n`);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });
  });

  it.each([
    ['net.ipv4.tcp_keepalive_time', '600', '7200'],
    ['net.ipv4.ip_local_port_range', '20000 50000', '32768 60999'],
  ])('of more than one digit are compared whole, and go back as they were: %s', async (key, value, before) => {
    await host.ask(['sysctl', '--write', `${key}=${before}`]);
    const resource = `- { kind: sysctl, key: ${key}, value: "${value}" }`;

    const { steps } = await rig.converge(resource);
    const shown = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');
    expect(steps[0]?.changes).toContainEqual({ field: 'live', from: before, to: value });
    expect(shown(await host.read(`/proc/sys/${key.replaceAll('.', '/')}`))).toBe(value);
    expect(await rig.run()).toMatchObject({ outcome: 'converged', writes: 0 });

    const { exit } = await rig.converge(`
${resource.replace(value, before.replace('2', '3'))}
- { kind: command, argv: ["false"], unless: ["false"], after: ["sysctl[${key}]"] }`);
    expect(exit).toBe(6);
    expect(shown(await host.read(`/proc/sys/${key.replaceAll('.', '/')}`))).toBe(value);
  });

  it('are healed when somebody sets another value, and kept when they leave git', async () => {
    await rig.converge(wanted);
    await host.ask(['sysctl', '--write', `${setting}=0`]);

    expect((await rig.run()).steps[0]?.changes).toEqual([{ field: 'live', from: '0', to: '1' }]);
    expect(await host.read(live)).toBe('1\n');

    await rig.converge('- { kind: file, path: /srv/x, content: x }');
    expect((await host.run(['test', '-e', file])).exitCode).toBe(1);
  });

  it('go back with a run that fails afterwards', async () => {
    const { exit } = await rig.converge(`
${wanted}
- { kind: command, argv: ["false"], unless: ["false"], after: ["sysctl[${setting}]"] }`);

    expect(exit).toBe(6);
    expect(await host.read(live)).toBe('0\n');
    expect((await host.run(['test', '-e', file])).exitCode).toBe(1);
  });

  it('that the kernel does not have fail and say so', async () => {
    const { exit, summary, problems } = await rig.converge('- { kind: sysctl, key: net.ipv4.no_such_thing, value: 1 }');

    expect(exit).toBe(6);
    expect(JSON.stringify([summary, problems])).toContain('this kernel has no setting net.ipv4.no_such_thing');
  });

  it('that the kernel makes something else of fail and say of what', async () => {
    const { exit, summary } = await rig.converge(wanted.replace('value: 1', 'value: "01"'));

    expect([exit, summary]).toEqual([6, expect.stringContaining(`the kernel made 1 of "01" for ${setting}`)]);
    expect(await host.read(live)).toBe('0\n');
  });
});
