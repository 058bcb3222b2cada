import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { callAgent } from '../../src/agent/control-client.ts';
import { controlSocket, stateDirectory } from '../../src/state/state-directory.ts';
import { pushPayload } from '../support/fake-gitea-hook.ts';
import { startAgentProcess, type AgentProcess } from '../support/agent-process.ts';
import { median, type Ratio } from './contest.ts';
import { measure, type Command } from './measure.ts';
import { formatRatio, type Row } from './table.ts';

interface Followed {
  readonly files: number;
  readonly pairs: number;
  /** A directory for everything. */
  readonly work: string;
  /** A checkout of the configuration repository, with everything committed. */
  readonly repository: string;
}

const secret = '0123456789abcdef0123456789abcdef';
const port = 18_790;
/** Of the kernel's clock in /proc. */
const ticksPerSecond = 100;

/**
 * An agent that stays up against what is run anew each time: from the push to the host that has it and was looked at again, what a
 * poll costs that finds nothing, and what the idle process holds. Both take the same bare repository by its path.
 */
export async function followRows({ files, pairs, work, repository }: Followed): Promise<readonly Row[]> {
  const place = join(work, 'follow', String(files));
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const bare = join(place, 'config.git');
  const git = (cwd: string, ...argv: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@machine.example', ...argv], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  git(place, 'clone', '--quiet', '--bare', repository, bare);
  const desk = join(place, 'desk');
  git(place, 'clone', '--quiet', bare, desk);
  const overlay = git(desk, 'ls-files', 'desired-state/files/overlay').split('\n');
  let edition = 0;
  const push = (): string => {
    edition++;
    for (let index = 0; index < overlay.length; index += 100) appendFileSync(join(desk, overlay[index]!), `edition ${edition}\n`);
    git(desk, 'commit', '--quiet', '--all', '--message', `edition ${edition}`);
    git(desk, 'push', '--quiet', 'origin', 'HEAD');
    return git(desk, 'rev-parse', 'HEAD');
  };
  const peers = [pullAndRsync(place, bare), ansiblePull(place, bare)].filter((peer) => peer !== undefined);
  for (const peer of peers) measure(peer, place);
  await using agent = start(place, bare);
  await agent.line(({ outcome }) => outcome === 'converged');

  const rows: Row[] = [];
  for (const peer of peers) {
    const count = peer.name === 'ansible-pull' ? Math.min(pairs, 3) : pairs;
    const ratios: number[] = [];
    const ours: number[] = [];
    for (let pair = 0; pair <= count; pair++) {
      const commit = push();
      const before = performance.now();
      const done = agent.next((line) => line.commit === commit);
      await deliver(commit);
      if ((await done).outcome !== 'converged') throw new Error(`the agent did not converge on ${commit}`);
      const wall = (performance.now() - before) / 1000;
      await rest(agent);
      const theirs = measure(peer, place).wall;
      // The first pair only warms up.
      if (pair === 0) continue;
      ours.push(wall);
      ratios.push(wall / theirs);
    }
    const limit = limitOf(peer, files);
    const ratio = ratioOf(ratios);
    const figure = `${formatRatio(ratio)}, ${(median(ours) * 1000).toFixed(0)} ms`;
    rows.push({
      name: 'push to converged',
      files,
      against: peer.name,
      figure,
      ...(limit !== undefined && { target: `<= ${limit}x`, ok: ratio.median <= limit }),
    });
  }
  const [pull] = peers;
  if (pull) rows.push(await pollRow(agent, pull, { files, pairs, work: place }));
  const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))?.[1]) / 1024;
  const limit = files > 2_000 ? 140 : 80;
  rows.push({
    name: 'idle agent',
    files,
    against: '',
    figure: `${memory.toFixed(0)} MB`,
    target: `<= ${limit} MB`,
    ok: memory <= limit,
  });
  return rows;
}

/** Ours divided by theirs, at most; no limit is set for a large tree against what takes seconds anyway. */
function limitOf({ name }: Command, files: number): number | undefined {
  const isLarge = files > 2_000;
  if (name === 'ansible-pull') return isLarge ? undefined : 0.1;
  return isLarge ? 0.7 : 1.2;
}

/** CPU of the agent and of the git that it starts, for a poll that finds nothing. */
async function pollRow(agent: AgentProcess, pull: Command, { files, pairs, work }: Omit<Followed, 'repository'>): Promise<Row> {
  const polls = 20;
  const before = cpuOf(agent.pid);
  for (let poll = 0; poll < polls; poll++) await lookNow(work);
  const ours = (cpuOf(agent.pid) - before) / polls;
  const theirs = median(Array.from({ length: pairs }, () => measure(pull, work).cpu));
  const ratio = ours / theirs;
  const figure = `${ratio.toFixed(2)}x CPU, ${(ours * 1000).toFixed(0)} ms`;
  return { name: 'poll, nothing new', files, against: pull.name, figure, target: '<= 0.33x', ok: ratio <= 1 / 3 };
}

/** Asks the agent itself, so that only its work is counted. */
async function lookNow(work: string): Promise<void> {
  const socket = controlSocket(stateDirectory(join(work, 'root')));
  const answer = await callAgent(socket, { method: 'POST', path: '/now', body: { wait: true } }, new AbortController().signal);
  if (answer?.status !== 200) throw new Error(`the agent answered ${answer?.status}`);
}

/** Seconds of the process and of its children that have ended. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number);
  return fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0) / ticksPerSecond;
}

/** Until the agent has done nothing for half a second: what it still does after a run must not stand in the way of its peer. */
async function rest({ pid }: AgentProcess): Promise<void> {
  let [last, quiet] = [cpuOf(pid), 0];
  for (let looks = 0; quiet < 5; looks++) {
    if (looks === 100) throw new Error('the agent does not come to rest');
    await sleep(100);
    const now = cpuOf(pid);
    quiet = now === last ? quiet + 1 : 0;
    last = now;
  }
}

const ratioOf = (ratios: readonly number[]): Ratio => ({
  median: median(ratios),
  min: Math.min(...ratios),
  max: Math.max(...ratios),
});

function start(place: string, bare: string): AgentProcess {
  const root = join(place, 'root');
  mkdirSync(root);
  writeFileSync(join(place, 'hook'), secret, { mode: 0o600 });
  const policy = {
    host: 'bench',
    remote: { urls: [bare] },
    agent: {
      interval: '1h',
      listen: { port },
      hooks: [{ name: 'bench', forge: 'gitea', secret_file: join(place, 'hook'), repositories: ['ops/config'] }],
    },
  };
  writeFileSync(join(place, 'host.yaml'), JSON.stringify(policy), { mode: 0o600 });
  return startAgentProcess(['--root', root], { RECONCILE_HOST_POLICY: join(place, 'host.yaml'), HOME: place });
}

async function deliver(after: string): Promise<void> {
  const body = JSON.stringify(pushPayload({ after }));
  const headers = {
    'content-type': 'application/json',
    'x-gitea-event': 'push',
    'x-gitea-event-type': 'push',
    'x-gitea-signature': createHmac('sha256', secret).update(body).digest('hex'),
  };
  const { status } = await fetch(`http://127.0.0.1:${port}/hooks/bench`, { method: 'POST', headers, body });
  if (status !== 202) throw new Error(`the hook was answered ${status}`);
}

function pullAndRsync(place: string, bare: string): Command {
  const [checkout, target] = [join(place, 'checkout'), join(place, 'target')];
  execFileSync('git', ['clone', '--quiet', bare, checkout]);
  mkdirSync(target);
  const script = 'git -C "$1" pull --quiet && rsync -a --delete "$1/desired-state/files/overlay/" "$2/"';
  return { name: 'git pull && rsync -a', argv: ['/bin/sh', '-c', script, 'sh', checkout, target] };
}

function ansiblePull(place: string, bare: string): Command | undefined {
  const program = '/usr/bin/ansible-pull';
  if (!existsSync(program)) return undefined;
  const env = { HOME: place, PATH: '/usr/bin:/bin', ANSIBLE_LOCALHOST_WARNING: '0', ANSIBLE_INVENTORY_UNPARSED_WARNING: '0' };
  const listed = spawnSync('/usr/bin/ansible-doc', ['-t', 'module', '-l', 'ansible.posix'], { env, encoding: 'utf8' });
  if (!listed.stdout.includes('synchronize')) return undefined;
  const [checkout, target, book] = [join(place, 'pulled'), join(place, 'ansible-target'), join(place, 'local.yml')];
  mkdirSync(target);
  const task = `ansible.posix.synchronize: { src: "${checkout}/desired-state/files/overlay/", dest: "${target}/", delete: true }`;
  writeFileSync(book, `- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n    - ${task}\n`);
  return { name: 'ansible-pull', argv: [program, '-U', bare, '-d', checkout, '-i', 'localhost,', book], env };
}
