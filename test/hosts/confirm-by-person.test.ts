import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { site } from '../support/repository.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openUnitRig } from './unit-rig.ts';

const config = (text: string): string => `- { kind: file, path: /etc/ssh/sshd_config.d/box.conf, content: "${text}\\n" }`;
const more = '- { kind: file, path: /srv/more, content: x }';

describeOnHosts('a change that a person makes over SSH and that could lock people out', () => {
  let host: Host;
  beforeAll(async () => {
    host = await bootHost();
    await openUnitRig(host);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await host.ask(['rm', '-rf', '/var/lib/timmy-reconciler', '/etc/ssh/sshd_config.d/box.conf', '/srv/more']);
    await host.write('/etc/timmy-reconciler/host.yaml', 'limits: { confirm_within: 6s }\n', 0o600);
  });
  const session = { SSH_CONNECTION: '192.0.2.9 50000 192.0.2.1 22' };
  const run = async (resources: string, args: readonly string[] = [], env: Record<string, string> = session): Promise<Report> => {
    await host.write('/srv/config/desired-state/site.yaml', site(resources));
    const words = ['--source', '/srv/config', '--host', 'box', '-o', 'json', ...args];
    return JSON.parse((await host.reconcile(words, { env })).stdout) as Report;
  };
  const left = async (): Promise<string> => (await host.run(['sh', '-c', 'ls /etc/systemd/system | grep confirm-'])).stdout;
  const exists = async (path: string): Promise<boolean> => (await host.run(['test', '-e', path])).exitCode === 0;

  it('stays when it is confirmed, and meanwhile nothing is built upon it', async () => {
    await host.write('/etc/timmy-reconciler/host.yaml', 'limits: { confirm_within: 5m }\n', 0o600);
    const first = await run(config('LogLevel INFO'));
    expect(first).toMatchObject({ exit: 0, confirmation: { state: 'waiting', by: 'person', run: first.run } });
    expect(await run(config('LogLevel INFO'))).toMatchObject({ exit: 0, writes: 0, confirmation: { run: first.run } });
    expect(await run(`${config('LogLevel INFO')}\n${more}`)).toMatchObject({ exit: 5, outcome: 'busy' });
    expect(await run(`${config('LogLevel INFO')}\n${more}`, ['--check'])).toMatchObject({ exit: 2 });
    expect(await left()).toContain('.timer');

    expect((await host.reconcile(['confirm', '20200101'])).exit).toBe(64);
    const same = await host.reconcile(['confirm'], { env: session });
    expect([same.exit, same.stderr]).toEqual([64, expect.stringContaining('open a new one')]);
    const env = { SSH_CONNECTION: session.SSH_CONNECTION.replace('50000', '50001') };
    expect(await host.reconcile(['confirm', first.run], { env })).toMatchObject({
      exit: 0,
      stdout: `Confirmed: run ${first.run} stays\n`,
    });
    expect(await left()).toBe('');
    expect(await host.reconcile(['confirm', first.run])).toMatchObject({ exit: 0, stdout: expect.stringContaining('stays') });
    expect(await run(`${config('LogLevel INFO')}\n${more}`)).toMatchObject({ exit: 0, writes: 1 });
  });

  it('is taken back by its timer when nobody says anything', async () => {
    const { run: id } = await run(config('LogLevel DEBUG'));
    await host.ask(['sh', '-c', 'while test -e /etc/ssh/sshd_config.d/box.conf; do sleep 0.1; done']);
    await host.ask(['sh', '-c', 'while ls /etc/systemd/system | grep confirm-; do sleep 0.1; done']);

    const [newest] = JSON.parse((await host.reconcile(['history', '-o', 'json'])).stdout) as Report[];
    expect(newest).toMatchObject({
      action: 'rollback',
      exit: 6,
      summary: expect.stringContaining(`Run ${id} was not confirmed`),
    });
    expect(await host.reconcile(['confirm'])).toMatchObject({ exit: 6, stderr: expect.stringContaining('too late') });
    expect((await host.reconcile(['show', id])).stdout).toContain('was not confirmed, and was taken back');
  });

  it('is taken back with what was restarted because of it', async () => {
    const ports = async (): Promise<string> =>
      (await host.ask(['sh', '-c', "ss -Hltnp | grep '\"sshd\"' | grep -o ':[0-9]* '"])).trim();
    const before = await ports();
    const moved = `${config('Port 2222').replace(/ }$/, ', notify: ["service[ssh]"] }')}\n- { kind: service, name: ssh }`;
    const { refreshes } = await run(moved);
    expect([refreshes.length, await ports()]).toEqual([1, expect.stringContaining(':2222')]);
    await host.ask(['sh', '-c', 'while systemctl list-units --all | grep confirm-; do sleep 0.1; done']);

    expect([await ports(), await exists('/etc/ssh/sshd_config.d/box.conf')]).toEqual([before, false]);
  });

  it('is no longer waited for when it was taken back by hand', async () => {
    await run(config('LogLevel DEBUG'));

    expect((await host.reconcile(['rollback'])).exit).toBe(0);
    expect([await left(), await exists('/var/lib/timmy-reconciler/unconfirmed.json')]).toEqual(['', false]);
  });

  it('is no longer waited for when the run fails', async () => {
    const fails = '- { kind: command, argv: ["false"], unless: ["false"] }';

    expect(await run(`${config('LogLevel DEBUG')}\n${fails}`)).toMatchObject({ exit: 6 });
    expect([await left(), await exists('/var/lib/timmy-reconciler/unconfirmed.json')]).toEqual(['', false]);
  });

  it('waits for nobody at the console, where it is switched off, and where it only goes back to what was confirmed', async () => {
    expect((await run(config('LogLevel INFO'), [], {})).confirmation).toBeUndefined();
    await host.write('/etc/ssh/sshd_config.d/box.conf', 'LogLevel DEBUG3\n');
    expect(await run(config('LogLevel INFO'))).toMatchObject({ exit: 0, writes: 1 });
    await host.write('/etc/timmy-reconciler/host.yaml', 'limits: { confirm_within: off }\n', 0o600);
    expect((await run(config('LogLevel ERROR'))).confirmation).toBeUndefined();
    expect(await left()).toBe('');
  });

  it('is refused where systemd cannot be asked to take it back', async () => {
    const env = { ...session, DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nowhere' };
    await host.ask(['mv', '/run/systemd/system', '/run/systemd/away']);
    const report = await run(config('LogLevel DEBUG'), [], env).finally(() =>
      host.ask(['mv', '/run/systemd/away', '/run/systemd/system']),
    );

    expect(report).toMatchObject({ exit: 7, problems: [{ code: 'cannot-confirm' }] });
    expect(await exists('/etc/ssh/sshd_config.d/box.conf')).toBe(false);
  });
});
