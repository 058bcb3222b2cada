import { afterAll, beforeAll, expect, it } from 'vitest';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';

const unit = 'timmy-reconciler.service';
const library = '/usr/local/lib/timmy-reconciler';

describeOnHosts('reconcile install on a booted host', () => {
  let host: Host;
  beforeAll(async () => {
    host = await bootHost();
    await host.ask(['reconcile', 'install']);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  const show = async (property: string): Promise<string> =>
    (await host.ask(['systemctl', 'show', '--value', `--property=${property}`, unit])).trim();

  it('lets systemd read a unit that was put right without it, as by a call that was cut off', async () => {
    const edit = (from: string, to: string): Promise<string> =>
      host.ask(['sed', '-i', `s/^MemoryMax=${from}/MemoryMax=${to}/`, `/etc/systemd/system/${unit}`]);
    await edit('1G', '2G');
    await host.ask(['systemctl', 'daemon-reload']);
    await edit('2G', '1G');
    const before = await show('MainPID');

    const { exit, stdout } = await host.reconcile(['install']);

    expect([exit, stdout]).toEqual([0, expect.stringContaining('systemd has not read the unit as it is now\n')]);
    expect(await show('MemoryMax')).toBe(String(2 ** 30));
    expect(await show('MainPID')).not.toBe(before);
    expect((await host.reconcile(['install'])).stdout).toMatch(/^Nothing to do/);
  });

  it('says what becomes of a version that does not start, and it is so', { timeout: 120_000 }, async () => {
    const good = await host.ask(['readlink', `${library}/current`]);
    const broken = 'cp -r /opt/timmy/dist /srv/broken; sed -i "2i if (process.argv[2] === \'agent\') throw 1;" "$0"';
    await host.ask(['sh', '-c', broken, '/srv/broken/reconcile.mjs']);

    const { exitCode, stdout, stderr } = await host.run(['node', '/srv/broken/reconcile.mjs', 'install']);

    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('hint: journalctl -u timmy-reconciler.service')]);
    expect(stdout).toContain('is on trial: unless the agent converges with it within 120 seconds, the version before returns');
    await host.ask(['sh', '-c', `until systemctl is-active --quiet ${unit}; do sleep 0.2; done`]);
    expect(await host.ask(['readlink', `${library}/current`])).toBe(good);
  });
});
