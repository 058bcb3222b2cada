import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetReport, HostOutcome } from '../../src/model/fleet.ts';
import { site } from '../support/repository.ts';
import { program, type CliResult } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { writeBelow } from '../support/write-below.ts';
import type { Host } from './boot-host.ts';

/**
 * Somebody with a laptop: a configuration repository whose inventory is these booted hosts, a key that their root accepts, and
 * a known_hosts file with their keys. Nothing of this machine's own SSH configuration counts.
 */
export interface Operator extends Disposable {
  /** The repository. */
  readonly path: string;
  readonly home: string;
  /** An SSH configuration that knows the key and the hosts. */
  readonly sshConfig: string;
  readonly env: Readonly<Record<string, string>>;
  write(name: string, content: string): void;
  /** Commits everything and gives the id. */
  commit(message: string): string;
  git(...args: readonly string[]): string;
  /** `reconcile fleet ...` in the repository. */
  cli(args: readonly string[], signal?: AbortSignal): Promise<CliResult>;
  /** The same with `-o json`, parsed. */
  fleet(command: string, ...args: readonly string[]): Promise<FleetReport & { outcome(host: string): HostOutcome }>;
}

/** `resources` as `site` takes them. */
export async function openOperator(hosts: readonly Host[], resources: string): Promise<Operator> {
  const directory = temporaryDirectory();
  const [path, home] = [join(directory.path, 'config'), join(directory.path, 'home')];
  const ssh = join(home, '.ssh');
  mkdirSync(path);
  mkdirSync(ssh, { recursive: true, mode: 0o700 });
  const key = join(ssh, 'id_ed25519');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'operator', '-f', key]);
  const known = await Promise.all(
    hosts.map(async (host) => {
      await host.write('/root/.ssh/authorized_keys', readFileSync(`${key}.pub`, 'utf8'), 0o600);
      const [type, text] = (await host.read('/etc/ssh/ssh_host_ed25519_key.pub')).split(' ');
      return `${host.address} ${type} ${text}\n`;
    }),
  );
  writeFileSync(join(ssh, 'known_hosts'), known.join(''), { mode: 0o600 });
  // OpenSSH asks the password file, not HOME, where its files are.
  const settings = `IdentityFile ${key}\nIdentitiesOnly yes\nUserKnownHostsFile ${join(ssh, 'known_hosts')}\nGlobalKnownHostsFile /dev/null\n`;
  const sshConfig = join(ssh, 'config');
  writeFileSync(sshConfig, settings, { mode: 0o600 });
  const write = (name: string, content: string): void => writeBelow(path, name, content);
  const entries = hosts.map(({ name, address }) => `    ${name}:\n      ansible_host: ${address}\n      ansible_user: root\n`);
  write('inventory/hosts.yml', `all:\n  hosts:\n${entries.join('')}`);
  write('desired-state/site.yaml', site(resources));
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    RECONCILE_STATE_DIR: join(home, 'state'),
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  const git: Operator['git'] = (...args) => {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@machine.example', '-c', 'init.defaultBranch=main'];
    return execFileSync('git', [...identity, ...args], { cwd: path, env, encoding: 'utf8', stdio: 'pipe' }).trim();
  };
  const cli: Operator['cli'] = async (args, signal) => {
    const [command = '', ...rest] = args;
    const child = spawn(process.execPath, [program, 'fleet', command, '--ssh-config', sshConfig, ...rest], {
      cwd: path,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', kill, { once: true });
    const [stdout, stderr, [exit]] = await Promise.all([
      child.stdout.setEncoding('utf8').toArray(),
      child.stderr.setEncoding('utf8').toArray(),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { exit: exit ?? -1, stdout: stdout.join(''), stderr: stderr.join('') };
  };
  return {
    path,
    home,
    sshConfig,
    env,
    write,
    git,
    cli,
    commit(message) {
      if (!existsSync(join(path, '.git'))) git('init', '--quiet');
      git('add', '--all');
      git('commit', '--quiet', '--message', message);
      return git('rev-parse', 'HEAD');
    },
    async fleet(command, ...args) {
      const { stdout, stderr } = await cli([command, '-o', 'json', ...args]);
      if (stdout === '') throw new Error(stderr);
      const report = JSON.parse(stdout) as FleetReport;
      const outcome = (host: string): HostOutcome => {
        const found = report.hosts.find((each) => each.host === host);
        if (!found) throw new Error(`no outcome of ${host} in ${stdout}`);
        return found;
      };
      return { ...report, outcome };
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}
