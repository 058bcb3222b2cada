import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FleetReport } from '../../src/model/fleet.ts';
import type { Report } from '../../src/model/report.ts';
import { program } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openOperator, type Operator } from './operator.ts';

const library = '/usr/local/lib/timmy-reconciler';
/** A change after which the host waits for a new connection. */
const risky = '- kind: file\n  path: /etc/resolv.conf\n  content: "nameserver 192.0.2.53\\n"\n';
const motd = (text: string): string => `- kind: file\n  path: /etc/motd\n  content: "${text}\\n"\n`;

describeOnHosts('fleet bootstrap', () => {
  const scope = new AsyncDisposableStack();
  const directory = scope.use(temporaryDirectory());
  let hosts: readonly Host[];
  let operator: Operator;
  let ezra: Host;

  beforeAll(async () => {
    hosts = await Promise.all(['ezra', 'bezalel', 'allegro'].map((name) => bootHost({ name, bare: true })));
    for (const host of hosts) scope.use(host);
    ezra = hosts[0]!;
    operator = scope.use(await openOperator(hosts, motd('kept') + risky));
    await giveSudo(hosts[2]!, 'deploy');
    const inventory = readFileSync(join(operator.path, 'inventory/hosts.yml'), 'utf8');
    operator.write('inventory/hosts.yml', inventory.replace(/root\n$/, 'deploy\n      ansible_become: true\n'));
    operator.commit('all');
  });
  afterAll(() => scope.disposeAsync());

  /** Lets an account in that may become root, and root no more. */
  async function giveSudo(host: Host, name: string): Promise<void> {
    await host.ask(['useradd', '--create-home', '--shell', '/bin/sh', name]);
    await host.write(`/etc/sudoers.d/${name}`, `${name} ALL=(ALL) NOPASSWD: ALL\n`, 0o440);
    await host.ask(['sh', '-c', `mv /root/.ssh /home/${name}/ && chown -R ${name}: /home/${name}/.ssh`]);
  }

  /** `reconcile fleet bootstrap` as it was built; `until` kills the operator's process as soon as it has told that. */
  async function bootstrap(
    args: readonly string[],
    { from = program, until }: { readonly from?: string; readonly until?: (line: string) => boolean } = {},
  ) {
    const child = spawn(
      process.execPath,
      [from, 'fleet', 'bootstrap', '-o', 'json', '--ssh-config', join(operator.home, '.ssh/config'), ...args],
      {
        cwd: operator.path,
        env: operator.env,
      },
    );
    const told: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      told.push(line);
      if (until?.(line) === true) child.kill('SIGKILL');
    });
    child.stdin.end();
    const [stdout, [exit]] = await Promise.all([
      child.stdout.setEncoding('utf8').toArray(),
      once(child, 'close') as Promise<[number]>,
    ]);
    const report = stdout.length === 0 ? undefined : (JSON.parse(stdout.join('')) as FleetReport);
    return { exit, told, report, outcomes: report?.hosts.map(({ verdict, message }) => [verdict, message]) };
  }

  /** The same, killed whenever it tells of one of the steps for the first time, until a call ends by itself. */
  async function bootstrapThroughKills(steps: readonly RegExp[], args: readonly string[], from = program) {
    const left = new Set(steps);
    const isNew = (line: string): boolean => {
      const found = [...left].filter((step) => step.test(line));
      for (const step of found) left.delete(step);
      return found.length > 0;
    };
    for (let kills = 0; ; kills++) {
      const result = await bootstrap(args, { from, until: isNew });
      if (result.exit !== null) return { ...result, kills };
    }
  }

  /** Another version of the program, as it is built for a release, with something in front. */
  function release(version: string, first = ''): string {
    const bundle = join(directory.path, version);
    cpSync(dirname(program), bundle, { recursive: true });
    for (const name of readdirSync(bundle, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.cjs'))) {
      const file = join(bundle, name);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"0.1.0"', `"${version}"`));
    }
    const entry = join(bundle, 'reconcile.mjs');
    writeFileSync(entry, readFileSync(entry, 'utf8').replace('\n', `\n${first}`));
    return entry;
  }

  const standing = (host: Host): Promise<string> =>
    host.ask(['find', '/usr/local', '/etc', '/var/lib/timmy-reconciler', '-printf', '%p %T@ %s %m %u\\n']);
  const pid = (host: Host): Promise<string> =>
    host.ask(['systemctl', 'show', '--property=MainPID', '--value', 'timmy-reconciler']);

  it('names a full disk, and nothing is half there', { timeout: 60_000 }, async () => {
    const place = `${library}/incoming`;
    const allegro = hosts[2]!;
    await allegro.ask(['sh', '-c', `mkdir -p ${place} && mount -t tmpfs -o size=8m tmpfs ${place}`]);

    const { exit, outcomes } = await bootstrap(['--limit', 'allegro']);

    expect([exit, outcomes]).toEqual([1, [['error', expect.stringContaining('the disk is full')]]]);
    expect(await allegro.ask(['find', `${library}/runtime`])).toBe(`${library}/runtime\n`);
    await allegro.ask(['umount', place]);
  });

  it(
    'goes on after every step at which it is killed, shows the first plan and applies nothing without a word',
    { timeout: 180_000 },
    async () => {
      const cut = await bootstrap(['--limit', 'ezra'], { until: (line) => /sends Node [\d.]+: 1/.test(line) });
      expect([cut.exit, cut.report]).toEqual([null, undefined]);
      const part = (await ezra.ask(['sh', '-c', `stat -c %s ${library}/incoming/*.part`])).trim();
      expect(Number(part)).toBeGreaterThan(0);

      const again = await bootstrap(['--limit', 'ezra'], { until: (line) => line.includes('sends Node') });
      expect(again.told.find((line) => line.includes('sends Node'))).not.toMatch(/: [0-9.]+ KiB of/);
      const steps = [/unpacks/, /installs git/, /sends reconcile/, /installs reconcile/, /writes/, /looks what/];
      expect((await bootstrapThroughKills(steps, ['--limit', 'ezra'])).kills).toBeGreaterThan(3);

      const { told, report } = await bootstrap([]);

      expect(
        report?.hosts.map(({ verdict }) => verdict),
        told.join('\n'),
      ).toEqual(['upstreamPending', 'upstreamPending', 'upstreamPending']);
      expect(report?.hosts[0]?.report?.steps).toMatchObject([
        { address: 'file[/etc/motd]' },
        { address: 'file[/etc/resolv.conf]' },
      ]);
      for (const host of hosts) expect((await host.run(['systemctl', 'is-active', 'timmy-reconciler'])).exitCode).not.toBe(0);
    },
  );

  it('makes an agent run on a machine that had neither Node nor git', { timeout: 180_000 }, async () => {
    const { exit, outcomes, told } = await bootstrapThroughKills([/applies/, /starts the agent/], ['--yes']);

    expect(outcomes, told.join('\n')).toEqual(hosts.map(() => ['converged', expect.any(String)]));
    expect(exit).toBe(0);
    const shown = JSON.parse(await hosts[1]!.ask(['reconcile', 'show', 'latest', '-o', 'json'])) as Report;
    expect(shown.confirmation).toMatchObject({ state: 'confirmed', because: ['file[/etc/resolv.conf]'] });
    for (const host of hosts) {
      expect(await host.read('/etc/motd')).toBe('kept\n');
      expect((await host.ask(['systemctl', 'is-active', 'timmy-reconciler'])).trim()).toBe('active');
      expect((await host.ask(['systemctl', 'is-enabled', 'timmy-reconciler'])).trim()).toBe('enabled');
      expect(await host.read('/etc/timmy-reconciler/host.yaml')).toBe(`host: "${host.name}"\n`);
      expect(await host.run(['test', '-e', `${library}/incoming`])).toMatchObject({ exitCode: 1 });
    }
  });

  it('changes nothing the second time', { timeout: 60_000 }, async () => {
    const before = await Promise.all(hosts.map(async (host) => [await pid(host), await standing(host)]));

    const { exit } = await bootstrap([]);

    expect(exit).toBe(0);
    expect(await Promise.all(hosts.map(async (host) => [await pid(host), await standing(host)]))).toEqual(before);
  });

  it(
    'brings a newer version that proves itself, also when it is killed meanwhile, and the older one again',
    { timeout: 180_000 },
    async () => {
      const newer = release('0.2.0');
      const before = await ezra.ask(['readlink', `${library}/current`]);

      const steps = [/takes over/, /waits until/];
      const { exit, report, told } = await bootstrapThroughKills(steps, ['--limit', 'ezra'], newer);

      expect([exit, report?.hosts[0]?.status?.version], told.join('\n')).toEqual([0, '0.2.0']);
      expect(await ezra.ask(['reconcile', '--version'])).toBe('0.2.0\n');
      expect(await ezra.ask(['readlink', `${library}/confirmed`])).toContain('versions/0.2.0-');
      expect((await bootstrap(['--limit', 'ezra'])).report?.hosts[0]?.status?.version).toBe('0.1.0');
      expect(await ezra.ask(['readlink', `${library}/current`])).toBe(before);
    },
  );

  it('takes back a version that does not start, and says so', { timeout: 180_000 }, async () => {
    const broken = release('0.3.0', "if (process.argv[2] === 'agent') process.exit(1);\n");

    const { exit, outcomes, told } = await bootstrap(['--limit', 'ezra'], { from: broken });

    expect(outcomes, told.join('\n')).toEqual([
      ['rolledBack', expect.stringMatching(/^version 0\.3\.0-\w+ .* was taken back; 0\.1\.0-\w+ runs again$/)],
    ]);
    expect(exit).toBe(6);
    expect(await ezra.ask(['reconcile', '--version'])).toBe('0.1.0\n');
    expect((await ezra.ask(['systemctl', 'is-active', 'timmy-reconciler'])).trim()).toBe('active');
  });

  it('replaces the host policy only with one that is given, and puts the old one back when the agent does not start with it', async () => {
    const policy = join(directory.path, 'policy.yaml');
    writeFileSync(policy, 'agent: { interval: 1h }\n');
    const files = join(directory.path, 'files');
    mkdirSync(join(files, 'ezra'), { recursive: true });
    writeFileSync(join(files, 'ezra/token'), 'hush-hush', { mode: 0o600 });

    const changed = await bootstrap(['--limit', 'ezra', '--policy', policy, '--files', files]);

    expect([changed.exit, await ezra.read('/etc/timmy-reconciler/host.yaml')]).toEqual([
      0,
      'host: "ezra"\nagent: { interval: 1h }\n',
    ]);
    expect(changed.report?.hosts[0]?.output).toContain('+agent: { interval: 1h }');
    expect(await ezra.ask(['stat', '-c', '%a %U %s', '/etc/timmy-reconciler/token'])).toBe('600 root 9\n');
    expect(JSON.stringify([changed.told, changed.report])).not.toContain('hush-hush');
    const running = await pid(ezra);
    await bootstrap(['--limit', 'ezra']);
    expect([await pid(ezra), await ezra.read('/etc/timmy-reconciler/host.yaml')]).toEqual([
      running,
      expect.stringContaining('1h'),
    ]);
    // As an operator leaves it who is cut off before the restart.
    await ezra.write('/etc/timmy-reconciler/host.yaml', 'host: "ezra"\nagent: { interval: 1h }\n');
    expect((await bootstrap(['--limit', 'ezra', '--policy', policy])).exit).toBe(0);
    const restarted = await pid(ezra);
    expect(restarted).not.toBe(running);
    await bootstrap(['--limit', 'ezra', '--policy', policy]);
    expect(await pid(ezra)).toBe(restarted);
    writeFileSync(policy, 'agent: { api_token_file: /etc/timmy-reconciler/missing, listen: { port: 8080 } }\n');

    const refused = await bootstrap(['--limit', 'ezra', '--policy', policy]);

    expect(refused.outcomes).toEqual([['rolledBack', expect.stringContaining('it runs with the one before')]]);
    expect(await ezra.read('/etc/timmy-reconciler/host.yaml')).toContain('1h');
    expect((await ezra.ask(['systemctl', 'is-active', 'timmy-reconciler'])).trim()).toBe('active');
  }, 60_000);

  it('takes everything off again but what the configuration brought', { timeout: 60_000 }, async () => {
    expect(await bootstrap(['--remove'])).toMatchObject({ exit: 64, report: undefined });
    await bootstrap(['--remove', '--yes', '--keep-state', '--limit', 'allegro']);
    expect(await hosts[2]!.ask(['ls', '/etc/timmy-reconciler'])).toBe('host.yaml\n');

    const { exit } = await bootstrap(['--remove', '--yes']);

    expect(exit).toBe(0);
    for (const host of hosts) {
      const left = ['/etc/systemd/system', '/usr/local', '/etc', '/var/lib', '/run'].join(' ');
      expect(await host.ask(['sh', '-c', `find ${left} -name '*timmy-reconciler*' -o -path /usr/local/bin/reconcile`])).toBe('');
      expect(await host.ask(['systemctl', 'show', '--property=LoadState', '--value', 'timmy-reconciler'])).toBe('not-found\n');
      expect(await host.read('/etc/motd')).toBe('kept\n');
    }
    expect((await bootstrap(['--remove', '--yes'])).outcomes).toEqual(
      hosts.map(() => ['converged', 'nothing to remove: no agent is installed there']),
    );
  });
});
