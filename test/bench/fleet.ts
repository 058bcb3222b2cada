import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../hosts/boot-host.ts';
import { bootMany } from '../hosts/boot-many.ts';
import { openOperator, type Operator } from '../hosts/operator.ts';
import { whyNoHosts } from '../hosts/why-no-hosts.ts';
import { compete } from './contest.ts';
import type { Command } from './measure.ts';
import type { Row } from './table.ts';

interface Bench {
  readonly pairs: number;
  readonly hosts: number;
  /** The built program. */
  readonly program: string;
  readonly work: string;
}

const resources = `- { kind: tree, path: /opt/deploy, source: deploy }
- { kind: cron, name: report, in: cron.d, user: root, schedule: '15 4 * * *', command: /bin/true }
`;
/** Hosts that boot at the same time. */
const atOnce = 6;

/** A fleet of booted hosts over real SSH: ours, ansible's and plain ssh, in turn. */
export async function fleetRows({ pairs, hosts: count, program, work }: Bench): Promise<readonly Row[]> {
  const reason = whyNoHosts();
  if (reason !== undefined) return [{ name: 'fleet', files: count, against: '', figure: `needs ${reason}` }];
  const names = Array.from({ length: count }, (_, index) => `h${String(index + 1).padStart(2, '0')}`);
  await using booted = await bootMany(names);
  const { hosts } = booted;
  using operator = await openOperator(hosts, resources);
  for (let index = 0; index < 20; index++) writeDeployed(operator, index);
  operator.commit('first');
  await installWhatIsNeeded(hosts);
  const peers = makePeers(operator, hosts, work);
  const ours = (command: string): Command => ({
    name: `reconcile fleet ${command}`,
    argv: [process.execPath, program, 'fleet', command, '--ssh-config', operator.sshConfig],
    env: operator.env,
    cwd: operator.path,
  });
  const row = (name: string, against: string, files: number, contest: ReturnType<typeof compete>, most: number): Row => ({
    name,
    files,
    against,
    contest,
    figure: `${contest.wall.median.toFixed(3)}x (${contest.wall.min.toFixed(3)}-${contest.wall.max.toFixed(3)})`,
    target: `<= ${most.toFixed(3)}x`,
    ok: contest.wall.median <= most,
  });
  const cpuRow = (name: string, against: string, contest: ReturnType<typeof compete>): Row => ({
    name: `${name}, CPU of the client`,
    files: count,
    against,
    figure: `${contest.cpu.median.toFixed(3)}x (${contest.cpu.min.toFixed(3)}-${contest.cpu.max.toFixed(3)})`,
    target: '<= 0.050x',
    ok: contest.cpu.median <= 1 / 20,
  });
  const rows: Row[] = [];
  let round = 0;
  const edit = (): void => {
    writeDeployed(operator, round++ % 20);
    operator.commit(`change ${round}`);
  };
  const contest = (mine: Command, theirs: Command, prepare?: () => void): ReturnType<typeof compete> => {
    const before = (who: 'ours' | 'theirs'): void => {
      // Everybody begins without connections; ansible shares its own within a run.
      if (who === 'theirs') peers.disconnect();
      prepare?.();
    };
    return compete({ ours: mine, theirs, before }, pairs, work);
  };
  const measureAll = (
    kind: string,
    cases: readonly (readonly [string, Command, string, Command, number, boolean, boolean])[],
  ): void => {
    for (const [what, mine, against, theirs, most, isEdited, isAnsible] of cases) {
      process.stderr.write(`${what}, ${kind}, against ${against}\n`);
      const result = contest(mine, theirs, isEdited ? edit : undefined);
      rows.push(row(`${what}, ${kind}`, against, count, result, most));
      if (isAnsible) rows.push(cpuRow(`${what}, ${kind}`, against, result));
    }
  };
  await converge(operator);
  measureAll('no agent', [
    ['fleet check, no change', ours('check'), 'ansible synchronize', peers.synchronize, 1 / 3, false, true],
    ['fleet push, one file', ours('push'), 'ansible synchronize', peers.synchronize, 1 / 5, true, true],
    ['fleet push, one file', ours('push'), 'ansible copy loop', peers.copy, 1 / 50, true, true],
  ]);
  await Promise.all(hosts.map((host) => host.ask(['reconcile', 'install'])));
  await converge(operator);
  measureAll('agent', [
    ['fleet check, no change', ours('check'), 'ansible synchronize', peers.synchronize, 1 / 10, false, true],
    ['fleet check, no change', ours('check'), 'ssh true in parallel', peers.ssh, 1, false, false],
    ['fleet status', ours('status'), 'ansible synchronize', peers.synchronize, 1 / 10, false, true],
    ['fleet status', ours('status'), 'ssh true in parallel', peers.ssh, 1, false, false],
    ['fleet push, one file', ours('push'), 'ansible synchronize', peers.synchronize, 1 / 5, true, true],
  ]);
  return rows;
}

/** Three to sixty kilobytes that nothing compresses. */
function writeDeployed(operator: Operator, index: number): void {
  const text = randomBytes(1_500 + index * 1_500).toString('hex');
  operator.write(`desired-state/files/deploy/unit-${index}.conf`, `${text}\n`);
}

async function converge(operator: Operator): Promise<void> {
  const { exit, hosts } = await operator.fleet('push');
  if (exit !== 0) throw new Error(hosts.map(({ host, message }) => `${host}: ${message}`).join('\n'));
}

/** git for us, the rest for ansible. */
async function installWhatIsNeeded(hosts: readonly Host[]): Promise<void> {
  for (let from = 0; from < hosts.length; from += atOnce)
    await Promise.all(
      hosts
        .slice(from, from + atOnce)
        .map((host) => host.ask(['apt-get', 'install', '--yes', '--quiet', 'git', 'python3', 'rsync'])),
    );
}

/** Ansible as fast as it can be told to be, with the same files and the same cron job, and plain ssh. */
function makePeers(
  operator: Operator,
  hosts: readonly Host[],
  work: string,
): Record<'synchronize' | 'copy' | 'ssh', Command> & { disconnect(): void } {
  const place = join(work, 'ansible');
  mkdirSync(join(place, 'control'), { recursive: true });
  const files = join(operator.path, 'desired-state/files/deploy');
  const play = (name: string, tasks: string): string => {
    writeFileSync(join(place, `${name}.yml`), `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks}`);
    return join(place, `${name}.yml`);
  };
  const target = '/opt/ansible/';
  const make = `    - file: { path: ${target}, state: directory }\n`;
  const job = `    - cron: { name: report, cron_file: ansible-report, user: root, minute: '15', hour: '4', job: /bin/true }\n`;
  const env = {
    ...operator.env,
    ANSIBLE_FORKS: String(hosts.length),
    ANSIBLE_PIPELINING: '1',
    ANSIBLE_SSH_ARGS: `-F ${operator.sshConfig} -C -o ControlMaster=auto -o ControlPersist=60s`,
    ANSIBLE_SSH_CONTROL_PATH_DIR: join(place, 'control'),
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
  };
  const ansible = (name: string, book: string): Command => ({
    name,
    argv: ['ansible-playbook', '-i', join(operator.path, 'inventory'), book],
    env,
    cwd: operator.path,
  });
  const addresses = join(place, 'addresses');
  writeFileSync(addresses, hosts.map(({ address }) => `root@${address}\n`).join(''));
  const each = ['xargs', '-a', addresses, '-P', String(hosts.length), '-I', '{}', 'ssh', '-F', operator.sshConfig, '{}', 'true'];
  return {
    synchronize: ansible(
      'ansible synchronize',
      play(
        'synchronize',
        `${make}    - synchronize: { src: ${files}/, dest: ${target}, checksum: true, use_ssh_args: true }\n${job}`,
      ),
    ),
    copy: ansible(
      'ansible copy',
      play('copy', `${make}    - copy: { src: '{{ item }}', dest: ${target} }\n      with_fileglob: ['${files}/*']\n${job}`),
    ),
    disconnect() {
      for (const socket of readdirSync(join(place, 'control')))
        spawnSync('ssh', ['-S', join(place, 'control', socket), '-O', 'exit', 'any'], { stdio: 'ignore' });
    },
    ssh: { name: 'ssh true', argv: each, env: operator.env, cwd: operator.path },
  };
}
