import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../src/model/report.ts';
import type { Host } from '../hosts/boot-host.ts';
import { enter } from '../hosts/inside.ts';
import { findInit } from '../hosts/processes.ts';
import type { Command } from './measure.ts';

const repository = join(import.meta.dirname, '../..');
const source = '/srv/config';
const playbook = '/srv/playbook.yml';
const unit = '[Service]\nExecStart=/bin/sleep infinity\n\n[Install]\nWantedBy=multi-user.target\n';
const role = `
summary: A unit, a cron job and 40 files.
resources:
  - { kind: service, name: bench, unit_template: bench.service, enabled: true, state: started }
  - { kind: cron, name: bench, in: cron.d, user: root, schedule: '17 4 * * *', command: /bin/true }
  - { kind: tree, path: /etc/bench.d, source: parts }
`;
const site = `
assignments:
  - hosts: box
    roles:
      - { role: common, with: { firewall: false, firewall_rules: [] } }
      - role: nginx
        with: { sites: [{ name: app, server_names: [app.machine.example], upstream: 'http://127.0.0.1:3000' }] }
      - bench
`;
const settings = '[defaults]\ngathering = explicit\ninterpreter_python = /usr/bin/python3\n\n[connection]\npipelining = True\n';

/** A program as it runs inside a booted host, to be measured from here. */
export function commandInside(host: Host, name: string, argv: readonly string[], env = {}): Command {
  const init = findInit(host.launcher);
  if (init === undefined) throw new Error(`${host.name} does not run`);
  return { name, argv: enter(init, argv, { env }) };
}

/** One of our runs there, that must leave nothing open. */
export async function convergeInside(host: Host, args: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await host.reconcile([...args, '-o', 'json']);
  if (stdout === '') throw new Error(stderr);
  const report = JSON.parse(stdout) as Report;
  if (report.outcome !== 'converged')
    throw new Error(`${host.name}: ${report.summary}\n${report.problems.map(({ message }) => message).join('\n')}`);
  return report;
}

/** The same machine for us and for ansible, which runs inside the host, on local connections: over SSH it takes longer. */
export async function openMachine(host: Host): Promise<{ readonly args: readonly string[]; readonly ansible: Command }> {
  for (const name of ['common', 'nginx']) await host.push(join(repository, 'roles', name), `${source}/roles/${name}`);
  const parts = Array.from({ length: 40 }, (_, index) => `parts/part-${index}.conf`);
  const files = {
    'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n',
    'desired-state/site.yaml': site,
    'roles/bench/role.yaml': role,
    'roles/bench/templates/bench.service': unit,
    ...Object.fromEntries(parts.map((part) => [`roles/bench/files/${part}`, `# ${part}\n`.repeat(40)])),
  };
  for (const [name, text] of Object.entries(files)) await host.write(`${source}/${name}`, text);
  await host.write(playbook, readFileSync(join(import.meta.dirname, 'machine.yml'), 'utf8'));
  await host.write('/etc/ansible/ansible.cfg', settings);
  await host.ask(['apt-get', 'install', '-qq', '--no-install-recommends', 'ansible-core', 'python3-apt']);
  const env = { ANSIBLE_LOCALHOST_WARNING: '0', ANSIBLE_INVENTORY_UNPARSED_WARNING: '0' };
  const ansible = commandInside(host, 'ansible-playbook', ['ansible-playbook', playbook], env);
  return { args: ['--source', source, '--host', 'box'], ansible };
}

/** How many programs a command starts, the one that it becomes itself left out; undefined without strace. */
export function countChildren({ name, argv }: Command, program: string, work: string): number | undefined {
  const trace = join(work, 'strace');
  const { status, error } = spawnSync('strace', ['-f', '-qq', '-s', '4096', '-e', 'trace=execve', '-o', trace, ...argv], {
    stdio: 'ignore',
    timeout: 60_000,
  });
  if (error && 'code' in error && error.code === 'ENOENT') return undefined;
  if (status !== 0) throw new Error(`${name} ended with ${status} under strace`);
  const started = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /execve\(.*\) = 0$/.test(line));
  const own = started.findIndex((line) => line.includes(`["${program}"`));
  if (own === -1) throw new Error(`${program} is not among what strace saw`);
  return started.length - own - 1;
}
