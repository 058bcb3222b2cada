import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { isAlive } from './processes.ts';

describeOnHosts('a booted host', () => {
  let host: Host;
  beforeAll(async () => void (host = await bootHost({ name: 'ezra' })));
  afterAll(() => host?.[Symbol.asyncDispose]());

  it('is a Debian 12 with systemd, cron and sshd, and runs the built program', async () => {
    expect(await host.ask(['hostname'])).toBe('ezra\n');
    expect(await host.read('/etc/debian_version')).toMatch(/^12\./);
    expect((await host.run(['systemctl', 'is-active', 'cron', 'ssh', 'dbus'])).stdout).toBe('active\nactive\nactive\n');
    const { exit, stdout } = await host.reconcile(['--version']);
    expect([exit, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+/)]);
  });

  it('tells how a program ended, and feeds and runs it as asked', async () => {
    expect(await host.run(['sh', '-c', 'cat /dev/stdin; echo no >/dev/stderr; exit 3'], { stdin: 'in' })).toEqual({
      exitCode: 3,
      stdout: 'in',
      stderr: 'no\n',
    });
    const options = { user: 'nobody', cwd: '/tmp', env: { A: 'b' } };
    expect(await host.ask(['sh', '-c', 'id -un; pwd; echo $A'], options)).toBe('nobody\n/tmp\nb\n');
    expect((await host.run(['no-such-program'])).exitCode).toBe(127);
    const capabilities = ['grep', 'CapEff', '/proc/self/status'];
    expect(await host.ask(capabilities)).toBe(await host.ask(['systemd-run', '--quiet', '--pipe', '--wait', ...capabilities]));
    await expect(host.ask(['ls', '/no-such-file'])).rejects.toThrow(/exit 2[^]*No such file/);
  });

  it('takes files and trees, and keeps modes and links', async () => {
    using directory = temporaryDirectory();
    mkdirSync(join(directory.path, 'a'));
    writeFileSync(join(directory.path, 'a/run'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
    symlinkSync('a/run', join(directory.path, 'link'));
    await host.push(directory.path, '/srv/pushed');
    await host.push(join(directory.path, 'a/run'), '/srv/one');
    expect(await host.ask(['/srv/pushed/link'])).toBe('ran\n');
    expect(await host.read('/srv/one')).toContain('echo ran');
    await host.write('/etc/new/secret', 's', 0o600);
    expect(await host.ask(['stat', '--format=%a %U %s', '/etc/new/secret'])).toBe('600 root 1\n');
  });

  it('installs packages without a network, in any of their versions', async () => {
    await host.ask(['apt-get', 'install', '-qq', 'sample=1.1', 'sample-service', 'jq']);
    expect(await host.ask(['sample'])).toBe('1.1\n');
    expect(await host.ask(['systemctl', 'is-active', 'sample'])).toBe('active\n');
    expect(await host.ask(['jq', '-n', '1+1'])).toBe('2\n');
    await host.write('/etc/sample-broken', '');
    expect((await host.run(['apt-get', 'install', '-qq', 'sample-broken'])).exitCode).toBe(100);
    expect(await host.ask(['dpkg-query', '-W', '-f', '${db:Status-Status}', 'sample-broken'])).toBe('half-configured');
  });

  it('reaches servers of this process and other hosts, and nothing else', async () => {
    await using other = await bootHost({ name: 'other' });
    const server = createServer((request, response) => response.end(request.socket.remoteAddress)).listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const get = `fetch('http://tests.example:${port}').then((response) => response.text()).then(console.log)`;
    expect(await host.ask(['node', '--eval', get])).toBe(`::ffff:${host.address}\n`.replace('::ffff:', ''));
    server.close();
    expect(await host.ask(['bash', '-c', `read -r banner </dev/tcp/${other.address}/22; echo "$banner"`])).toMatch(/^SSH-2/);
    expect(await host.ask(['ip', 'route'])).toMatch(/^10\.213\.\d+\.0\/24 dev host0 [^\n]*\n$/);
  });

  it('may change its network, and neither the clock nor other settings of this machine', async () => {
    await host.ask(['sysctl', '--write', 'net.ipv4.ip_forward=1']);
    await host.ask(['ip', 'link', 'add', 'name', 'dummy0', 'type', 'bridge']);
    expect((await host.run(['sysctl', '--write', 'vm.swappiness=1'])).stderr).toContain('denied');
    expect((await host.run(['date', '--set', '2001-01-01'])).stderr).toContain('not permitted');
  });

  it.for([false, true])('keeps its files over a reboot (power cut: %s)', async (powerCut) => {
    await host.write('/root/kept', 'kept');
    const before = await host.read('/proc/sys/kernel/random/boot_id');
    const running = host.run(['sleep', 'infinity']);
    await host.reboot({ powerCut });
    expect((await running).exitCode).not.toBe(0);
    expect(await host.read('/root/kept')).toBe('kept');
    expect(await host.read('/proc/sys/kernel/random/boot_id')).not.toBe(before);
    expect(await host.ask(['systemctl', 'is-active', 'cron'])).toBe('active\n');
  });
});

describeOnHosts('after its end a host', () => {
  it('has left no process, no interface and no control group', async () => {
    const host = await bootHost();
    const left = tracesOf(host);
    expect(left.length).toBeGreaterThanOrEqual(3);
    await host[Symbol.asyncDispose]();
    expect(traces().filter((trace) => left.includes(trace))).toEqual([]);
    expect(isAlive(host.launcher)).toBe(false);
  });

  it('has left none even where the process that booted it was killed, once the next boots', async () => {
    const script = `
      const { bootHost } = await import('${import.meta.dirname}/boot-host.ts');
      const { address, launcher } = await bootHost();
      console.log(JSON.stringify({ address, launcher }));
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void owner.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
    const host = JSON.parse(line) as Pick<Host, 'address' | 'launcher'>;
    const left = tracesOf(host);
    expect(left.length).toBeGreaterThanOrEqual(3);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await using _ = await bootHost();
    expect(traces().filter((trace) => left.includes(trace))).toEqual([]);
    expect(isAlive(host.launcher)).toBe(false);
  });
});

/** Interfaces and control groups, each with the number that no later one of the same name has. */
function traces(): readonly string[] {
  const script =
    'ip -oneline link show && mount -t cgroup2 cgroup2 /mnt && find /mnt/ -type d -name "timmy*-*" -printf "%i: %p\\n"';
  const output = execFileSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8' });
  return output.split('\n').map((line) => /^\S+ [^@ ]*/.exec(line)?.[0] ?? '');
}

function tracesOf({ address }: Pick<Host, 'address'>): readonly string[] {
  const [, , slot, last] = address.split('.');
  return traces().filter((trace) => new RegExp(`timmy${slot}(-${last})?\\b`).test(trace));
}
