import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { program } from '../support/run-cli.ts';
import { site } from '../support/repository.ts';
import type { Host } from './boot-host.ts';
import { bootMany } from './boot-many.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openOperator, type Operator } from './operator.ts';

/** Three in CI, thirty by `npm run test:fleet`. */
const count = Number(process.env['FLEET_HOSTS'] ?? 3);
const minutes = 60_000 * Math.ceil(count / 3);
const names = Array.from({ length: count }, (_, index) => `h${String(index + 1).padStart(2, '0')}`);
const [canary = '', ...others] = names;

const resources = (text: string): string => `- { kind: file, path: /etc/motd, content: "${text}\\n" }
- { kind: tree, path: /opt/deploy, source: deploy }
`;
const failing = '- { kind: command, name: fails, argv: [/bin/false], creates: /never }\n';
const rollout = `waves:
  - { name: canary, hosts: ${canary}, bake: 0s }
  - { name: rest, hosts: all, bake: 0s }
max_fail: 100%
`;

describeOnHosts(`a fleet of ${count} hosts, from bare machines`, () => {
  const cleanup = new AsyncDisposableStack();
  let hosts: readonly Host[];
  let operator: Operator;
  const host = (name: string): Host => hosts.find((each) => each.name === name)!;
  const edit = (text: string, more = ''): void => operator.write('desired-state/site.yaml', site(resources(text) + more));
  /** By verdict, the names in the order of the inventory. */
  const verdicts = async (command: string, ...args: readonly string[]): Promise<Readonly<Record<string, readonly string[]>>> => {
    const { hosts: outcomes } = await operator.fleet(command, ...args);
    const groups = Map.groupBy(outcomes, ({ verdict }) => verdict);
    return Object.fromEntries([...groups].map(([verdict, of]) => [verdict, of.map((each) => each.host)]));
  };
  const everywhere = (path: string): Promise<readonly string[]> =>
    Promise.all(hosts.map(async (each) => (await each.run(['cat', path])).stdout.trim()));

  beforeAll(async () => {
    ({ hosts } = cleanup.use(await bootMany(names, { bare: true })));
    operator = cleanup.use(await openOperator(hosts, resources('one')));
    for (let index = 0; index < 20; index++)
      operator.write(`desired-state/files/deploy/part-${index}`, `${index} `.repeat(20_000));
    operator.commit('first');
  }, minutes);
  afterAll(() => cleanup.disposeAsync(), minutes);

  it(
    'has an agent on every host after one command',
    async () => {
      expect(await verdicts('bootstrap', '--yes')).toEqual({ converged: names });
      const status = await operator.fleet('status');
      expect(status.hosts.map((each) => each.status?.revision.applied)).toEqual(
        names.map(() => operator.git('rev-parse', 'HEAD')),
      );
      expect(await verdicts('bootstrap', '--yes')).toEqual({ converged: names });
    },
    3 * minutes,
  );

  it(
    'shows a bad revision to the canary alone, which takes it back',
    async () => {
      const good = operator.git('rev-parse', 'HEAD');
      operator.write('desired-state/rollout.yaml', rollout.replace('100%', '0'));
      edit('bad', failing);
      const bad = operator.commit('bad');
      expect(await verdicts('push')).toEqual({ rolledBack: [canary], halted: others });
      expect(await everywhere('/etc/motd')).toEqual(names.map(() => 'one'));
      for (const each of hosts.slice(1)) {
        const git = ['git', '--git-dir=/var/lib/timmy-reconciler/mirror', 'cat-file', '-e', bad];
        expect((await each.run(git)).exitCode, `${each.name} has never seen it`).not.toBe(0);
      }
      operator.git('reset', '--quiet', '--hard', good);
      operator.write('desired-state/rollout.yaml', rollout);
      edit('two');
      operator.commit('good');
      expect(await verdicts('push')).toEqual({ converged: names });
      expect(await everywhere('/etc/motd')).toEqual(names.map(() => 'two'));
    },
    minutes,
  );

  it(
    'is not torn when the operator is killed in the middle of a push, and the next push finishes',
    async () => {
      const parts = Array.from({ length: 20 }, (_, index) => `/opt/deploy/part-${index}`);
      const sums = async (): Promise<readonly string[]> =>
        Promise.all(hosts.map(async (each) => (await each.run(['sha256sum', '/etc/motd', ...parts])).stdout));
      for (let index = 0; index < 20; index++)
        operator.write(`desired-state/files/deploy/part-${index}`, `three ${index} `.repeat(20_000));
      edit('three');
      const before = await sums();
      operator.commit('third');
      const child = spawn(process.execPath, [program, 'fleet', 'push', '--ssh-config', operator.sshConfig, '-o', 'ndjson'], {
        cwd: operator.path,
        env: operator.env,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let applying = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const { type, event } = JSON.parse(line) as { readonly type: string; readonly event?: { readonly type: string } };
        if (type !== 'host-event' || event?.type !== 'applying' || ++applying <= count / 3) continue;
        child.kill('SIGKILL');
        break;
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');
      // Whoever was at work finishes, or takes it back: as soon as no run is at work, each host is wholly old or wholly new.
      for (const each of hosts) await each.ask(['reconcile', 'now', '--wait']);
      const between = await sums();
      expect(await verdicts('push')).toEqual({ converged: names });
      const after = await sums();
      for (const [index, sum] of between.entries())
        expect([before[index], after[index]], `${names[index]} is old or new`).toContain(sum);
    },
    minutes,
  );

  it(
    'tells each broken host its own trouble, and converges all others',
    async () => {
      const share = Math.max(1, Math.floor((count * 3) / 10 / 5));
      const broken = names.toReversed().slice(0, Math.min(5 * share, count - 1));
      const kinds = ['down', 'changed', 'full', 'suspended', 'slow'] as const;
      const of = (kind: (typeof kinds)[number]): readonly string[] => broken.filter((_, index) => kinds[index % 5] === kind);
      await Promise.all([
        ...of('down').map((name) => host(name).run(['systemctl', 'stop', 'ssh.socket', 'ssh.service'])),
        ...of('full').map((name) => fillDisk(host(name))),
        ...of('suspended').map((name) => host(name).ask(['reconcile', 'suspend', '--for', '1h', '--reason', 'disk'])),
        ...of('slow').map((name) => host(name).ask(['systemctl', 'kill', '--signal=STOP', 'timmy-reconciler'])),
      ]);
      const known = join(operator.home, '.ssh/known_hosts');
      const before = readFileSync(known, 'utf8');
      const other = readFileSync(join(operator.home, '.ssh/id_ed25519.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
      const changed = of('changed').map((name) => host(name).address);
      const lines = before
        .split('\n')
        .map((line) => (changed.includes(line.split(' ')[0]!) ? `${line.split(' ')[0]} ${other}` : line));
      writeFileSync(known, lines.join('\n'));
      for (let index = 0; index < 20; index++)
        operator.write(`desired-state/files/deploy/part-${index}`, `four ${index} `.repeat(40_000));
      edit('four');
      operator.commit('fourth');
      const report = await operator.fleet('push', '--timeout', '20s');
      const verdict = (name: string): string => report.outcome(name).verdict;
      const healthy = names.filter((name) => !broken.includes(name));
      expect(healthy.map(verdict)).toEqual(healthy.map(() => 'converged'));
      expect(of('down').map(verdict)).toEqual(of('down').map(() => 'unreachable'));
      expect(of('changed').map(verdict)).toEqual(of('changed').map(() => 'untrusted'));
      expect(of('suspended').map(verdict)).toEqual(of('suspended').map(() => 'busy'));
      expect(of('slow').map(verdict)).toEqual(of('slow').map(() => 'slow'));
      for (const name of of('full')) {
        expect(['error', 'rolledBack'], report.outcome(name).message).toContain(verdict(name));
        expect(JSON.stringify(report.outcome(name))).toMatch(/ENOSPC|no space|are free/i);
      }
      writeFileSync(known, before);
      await Promise.all([
        ...of('down').map((name) => host(name).ask(['systemctl', 'start', 'ssh.service'])),
        ...of('full').map((name) => host(name).ask(['umount', '/opt/deploy'])),
        ...of('suspended').map((name) => host(name).ask(['reconcile', 'resume'])),
        ...of('slow').map((name) => host(name).ask(['systemctl', 'kill', '--signal=CONT', 'timmy-reconciler'])),
      ]);
      await Promise.all(of('full').map((name) => host(name).ask(['reconcile', 'release'])));
      await operator.fleet('push', '--retry-failed');
      expect(await verdicts('push')).toEqual({ converged: names });
    },
    2 * minutes,
  );
});

/** A filesystem of its own for what is managed, in which there is room for the old contents alone. */
async function fillDisk(host: Host): Promise<void> {
  await host.ask([
    'sh',
    '-c',
    'cp -a /opt/deploy /root/kept && mount -t tmpfs -o size=5m tmpfs /opt/deploy && cp -a /root/kept/. /opt/deploy',
  ]);
}
