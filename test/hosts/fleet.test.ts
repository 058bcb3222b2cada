import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { site } from '../support/repository.ts';
import { bootHost, type Host } from './boot-host.ts';
import { describeOnHosts } from './describe-on-hosts.ts';
import { openOperator, type Operator } from './operator.ts';

const resources = (text: string): string => `- { kind: file, path: /etc/motd, content: "${text}\\n" }
- { kind: file, path: /etc/name.conf, content: "{{ inventory_hostname }}\\n" }
- { kind: cron, name: report, in: cron.d, user: root, schedule: '15 4 * * *', command: /bin/true }
`;
const names = ['h1', 'h2', 'h3'];

describeOnHosts('a fleet over SSH', () => {
  const cleanup = new AsyncDisposableStack();
  let hosts: readonly Host[];
  let operator: Operator;
  const host = (name: string): Host => hosts.find((each) => each.name === name)!;
  const verdicts = async (command: string, ...args: readonly string[]): Promise<readonly (readonly [string, string])[]> =>
    (await operator.fleet(command, ...args)).hosts.map(({ host: name, verdict }) => [name, verdict] as const);
  const all = (verdict: string): readonly (readonly [string, string])[] => names.map((name) => [name, verdict] as const);
  const edit = (text: string): void => operator.write('desired-state/site.yaml', siteOf(text));

  beforeAll(async () => {
    hosts = await Promise.all(names.map(async (name) => cleanup.use(await bootHost({ name }))));
    operator = cleanup.use(await openOperator(hosts, resources('one')));
    operator.commit('first');
  }, 120_000);
  afterAll(() => cleanup.disposeAsync());

  describe('without an agent', () => {
    it('is told what a host lacks for it', async () => {
      const { exit, stdout } = await operator.cli(['check']);
      expect([exit, stdout]).toEqual([
        1,
        expect.stringContaining('h1, h2, h3: the bundle cannot be taken: git is not installed'),
      ]);
      expect(stdout).toContain('hint: apt-get install git');
      await Promise.all(hosts.map((each) => each.ask(['apt-get', 'install', '--yes', '--quiet', 'git'])));
    });

    it('is shown once what hosts have in common, and nothing is written', async () => {
      const { exit, stdout } = await operator.cli(['check']);
      expect(exit).toBe(2);
      expect(stdout).toMatch(/^3 hosts: h1, h2, h3\n\n~ file\[\/etc\/motd\]/);
      expect(stdout.match(/file\[\/etc\/name\.conf\].*\n {4}on each host its own; that of h1:/g)).toHaveLength(1);
      await expect(host('h1').read('/etc/name.conf')).rejects.toThrow(/No such file/);
    });

    it('is pushed, and a second push changes nothing', async () => {
      expect(await verdicts('push')).toEqual(all('converged'));
      expect(await host('h2').read('/etc/name.conf')).toBe('h2\n');
      const again = await operator.fleet('push');
      expect(again).toMatchObject({ exit: 0, action: 'push', revision: { commit: operator.git('rev-parse', 'HEAD') } });
      expect(again.hosts.map(({ report }) => report?.writes)).toEqual([0, 0, 0]);
      expect(await verdicts('check')).toEqual(all('converged'));
      expect(await verdicts('status')).toEqual(all('converged'));
    });

    it('shows drift of one host, and a push heals it', async () => {
      await host('h2').write('/etc/motd', 'somebody was here\n');
      const checked = await operator.fleet('check');
      expect([checked.exit, checked.outcome('h2').verdict, checked.outcome('h1').verdict]).toEqual([3, 'driftOnly', 'converged']);
      expect(checked.outcome('h2').report?.steps[0]?.diffs[0]?.text).toContain('-somebody was here');
      expect(await verdicts('push')).toEqual(all('converged'));
      expect(await host('h2').read('/etc/motd')).toBe('one\n');
    });

    it('may be looked at, but not pushed, before it is committed', async () => {
      edit('uncommitted');
      const checked = await operator.fleet('check', '--limit', 'h1');
      expect(checked).toMatchObject({ exit: 2, revision: { workingTree: true }, hosts: [{ host: 'h1' }] });
      const { exit, stderr } = await operator.cli(['push']);
      expect([exit, stderr]).toEqual([64, expect.stringContaining('uncommitted changes: desired-state/site.yaml')]);
      edit('one');
      // What was only looked at is not what the host keeps up, or what the next revision must be on top of.
      expect(await verdicts('push')).toEqual(all('converged'));
    });

    it('does exactly what was reviewed, and refuses on a host that has moved since', async () => {
      edit('two');
      operator.commit('second');
      const plan = join(operator.home, 'plan.json');
      const { exit, stderr } = await operator.cli(['check', '--out', plan]);
      expect([exit, stderr]).toEqual([0, expect.stringContaining('does exactly this on 3 hosts')]);
      await host('h3').write('/etc/motd', 'moved\n');
      edit('three');
      operator.commit('third');
      expect(await verdicts('apply', plan)).toEqual([
        ['h1', 'converged'],
        ['h2', 'converged'],
        ['h3', 'refused'],
      ]);
      expect([await host('h1').read('/etc/motd'), await host('h3').read('/etc/motd')]).toEqual(['two\n', 'moved\n']);
      expect(await verdicts('push', '--retry-failed')).toEqual([['h3', 'converged']]);
      expect(await verdicts('push')).toEqual(all('converged'));
    });

    it('runs a program on every host, and shows equal outputs once', async () => {
      const { exit, stdout } = await operator.cli(['run', '--', 'cat', '/etc/motd']);
      expect(exit).toBe(0);
      expect(stdout.match(/three/g)).toHaveLength(1);
      const { hosts: outcomes, exit: failed } = await operator.fleet(
        'run',
        '--',
        'sh',
        '-c',
        'echo "$0 $1"; exit 3',
        "it's",
        '$HOME',
      );
      expect(failed).toBe(1);
      expect(outcomes[0]).toMatchObject({ verdict: 'error', message: 'exit 3', output: "it's $HOME\n" });
    });
  });

  describe('of hosts that are not well', () => {
    it('tells each its own trouble, and converges the others', async () => {
      const known = join(operator.home, '.ssh/known_hosts');
      const before = readFileSync(known, 'utf8');
      const [type, other] = readFileSync(join(operator.home, '.ssh/id_ed25519.pub'), 'utf8').split(' ');
      const lines = before.split('\n').filter((line) => !line.startsWith(`${host('h1').address} `));
      writeFileSync(known, [...lines, `${host('h1').address} ${type} ${other}`, ''].join('\n'));
      await host('h2').ask(['reconcile', 'suspend', '--for', '1h', '--reason', 'disk is replaced']);
      edit('four');
      operator.commit('fourth');
      const report = await operator.fleet('push');
      expect(report.exit).toBe(7);
      expect(report.outcome('h1')).toMatchObject({
        verdict: 'untrusted',
        hint: expect.stringContaining('fleet trust') as string,
      });
      expect(report.outcome('h2')).toMatchObject({
        verdict: 'busy',
        message: expect.stringContaining('disk is replaced') as string,
      });
      expect(report.outcome('h3')).toMatchObject({ verdict: 'converged' });
      writeFileSync(known, before);
      await host('h2').ask(['reconcile', 'resume']);
      expect(await verdicts('push', '--retry-failed')).toEqual([
        ['h1', 'converged'],
        ['h2', 'converged'],
      ]);
    });
  });

  describe('with an agent on every host', () => {
    beforeAll(async () => {
      await Promise.all(hosts.map((each) => each.ask(['reconcile', 'install'])));
    }, 60_000);

    it('is asked, checked and converged by the agent, and no program is started for that', async () => {
      // Whoever started it would get an error.
      await Promise.all(hosts.map((each) => each.ask(['chmod', '000', '/usr/local/bin/reconcile'])));
      expect(await verdicts('status')).toEqual(all('converged'));
      expect(await verdicts('check')).toEqual(all('converged'));
      edit('five');
      operator.commit('fifth');
      expect((await operator.fleet('check')).exit).toBe(2);
      expect(await verdicts('push')).toEqual(all('converged'));
      const status = await operator.fleet('status');
      expect(status.hosts.map((each) => each.status?.revision.applied)).toEqual(
        names.map(() => operator.git('rev-parse', 'HEAD')),
      );
      await Promise.all(hosts.map((each) => each.ask(['chmod', '755', '/usr/local/bin/reconcile'])));
    });

    it('heals by itself what was pushed, and takes a revision back that fails', async () => {
      const good = operator.git('rev-parse', 'HEAD');
      operator.write(
        'desired-state/site.yaml',
        `${siteOf('six')}      - { kind: command, name: fails, argv: [/bin/false], creates: /never }\n`,
      );
      operator.commit('bad');
      const report = await operator.fleet('push');
      expect(report.exit).toBe(6);
      expect(report.hosts.map(({ verdict }) => verdict)).toEqual(['rolledBack', 'rolledBack', 'rolledBack']);
      expect(await host('h1').read('/etc/motd')).toBe('five\n');
      operator.git('reset', '--quiet', '--hard', good);
      edit('seven');
      operator.commit('better');
      expect(await verdicts('push')).toEqual(all('converged'));
    });
  });

  describe('in waves', () => {
    it('goes no further when a role of the canary is sick after the bake, and takes it back there', async () => {
      const role = `summary: Says that it lives.
resources: [{ kind: file, path: /etc/alive, content: "yes\\n" }]
health: [{ file_age: { path: /etc/alive, max: 10s } }]
`;
      operator.write('roles/alive/role.yaml', role);
      operator.write('desired-state/site.yaml', siteOf('eight').replace('resources:', 'roles: [alive]\n    resources:'));
      operator.write(
        'desired-state/rollout.yaml',
        'waves:\n  - { name: canary, hosts: h1, bake: 11s }\n  - { name: rest, hosts: all }\n',
      );
      operator.commit('dies early');
      const report = await operator.fleet('push');
      expect(report.outcome('h1')).toMatchObject({
        verdict: 'rolledBack',
        message: expect.stringMatching(/unwell after the change: health check failed: alive: file_age .* s old/) as string,
      });
      expect([report.outcome('h2').verdict, report.outcome('h3').verdict]).toEqual(['halted', 'halted']);
      expect([await host('h1').read('/etc/motd'), await host('h2').read('/etc/motd')]).toEqual(['seven\n', 'seven\n']);
      operator.git('rm', '-r', '--quiet', 'roles', 'desired-state/rollout.yaml');
    });
  });

  describe('that a change could cut off', () => {
    const sshd = (
      line: string,
    ): string => `- { kind: file, path: /etc/ssh/sshd_config.d/box.conf, content: "${line}\\n", notify: ["service[ssh]"] }
- { kind: service, name: ssh }
`;
    const push = (line: string) => {
      operator.write('desired-state/site.yaml', site(resources('seven') + sshd(line)));
      operator.commit(line);
      return operator.fleet('push', '--limit', 'h1');
    };
    const timers = async (): Promise<string> =>
      (await host('h1').run(['sh', '-c', 'ls /etc/systemd/system | grep confirm-'])).stdout;

    const within = (time: string): Promise<void> =>
      host('h1').write('/etc/timmy-reconciler/host.yaml', `host: h1\nlimits: { confirm_within: ${time} }\n`, 0o600);
    beforeAll(() => within('8s'));

    it('keeps it when a new connection comes through', async () => {
      const report = await push('MaxAuthTries 5');
      expect(report.outcome('h1')).toMatchObject({
        verdict: 'converged',
        message: expect.stringContaining('confirmed over a new connection') as string,
      });
      expect(await timers()).toBe('');
    });

    it('keeps it, and keeps to it, when only the push after it confirms what it did', async () => {
      await within('5m');
      await host('h1').ask(['chmod', '000', '/usr/local/bin/reconcile']);
      expect((await push('MaxAuthTries 4')).outcome('h1').message).toMatch(/could not be confirmed/);
      await host('h1').ask(['chmod', '755', '/usr/local/bin/reconcile']);
      const again = await operator.fleet('push', '--limit', 'h1');
      expect(again.outcome('h1').message).toContain('confirmed over a new connection');
      await host('h1').ask(['reconcile', 'now', '--wait']);
      expect(await host('h1').read('/etc/ssh/sshd_config.d/box.conf')).toBe('MaxAuthTries 4\n');
      await within('8s');
    });

    it('takes it back when none does, and says so', async () => {
      const report = await push('Port 2222');
      expect([report.exit, report.outcome('h1').verdict]).toEqual([6, 'rolledBack']);
      expect(report.outcome('h1').message).toMatch(/could not be confirmed, so that the host takes it back/);
      await host('h1').ask(['sh', '-c', 'while ls /etc/systemd/system | grep confirm-; do sleep 0.1; done']);
      expect(await host('h1').read('/etc/ssh/sshd_config.d/box.conf')).toBe('MaxAuthTries 4\n');
      expect((await push('MaxAuthTries 6')).outcome('h1').verdict).toBe('converged');
    });
  });
});

const siteOf = (text: string): string => site(resources(text));
