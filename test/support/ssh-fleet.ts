import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { FleetEvent, FleetReport } from '../../src/model/fleet.ts';
import { gitIn } from './git-in.ts';
import { program } from './run-cli.ts';
import { startSshServer } from './ssh-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { writeBelow } from './write-below.ts';

/** A fleet command as a process. */
export interface Operator {
  readonly child: ChildProcess;
  /** What `-o ndjson` has told so far. */
  readonly events: FleetEvent[];
  /** The first event that fits, told already or not; rejects when the process ends before. */
  event(fits: (event: FleetEvent) => boolean): Promise<FleetEvent>;
  /** Resolves with the exit code and everything on both streams. */
  readonly ended: Promise<{ readonly exit: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Hosts with an sshd and the program each, on loopback, and an operator with a repository for them. */
export interface SshFleet extends AsyncDisposable {
  /** Commits these files of the repository, and gives the commit. */
  commit(files: Readonly<Record<string, string>>): string;
  /** Runs git there. */
  git(...args: readonly string[]): string;
  /** Runs `reconcile fleet ...` there. */
  operate(...args: readonly string[]): Operator;
  /** The same for commands that go to hosts, with `-o ndjson`. */
  reach(...args: readonly string[]): Operator;
  /** The same to its end. */
  report(...args: readonly string[]): Promise<FleetReport>;
  /** A file of a host. */
  read(host: string, file: string): string | undefined;
  edit(host: string, file: string, text: string): void;
  /** From now on a host's `reconcile` is this script of a shell. */
  pretend(host: string, script: string): void;
  /** What stands in `path:` of resources to be a file of each host. */
  readonly base: string;
}

/** `doorOf`: where operators find an sshd that listens at this port; the same port unless told. */
export async function startSshFleet(
  names: readonly string[],
  doorOf: (port: number) => Promise<number> = (port) => Promise.resolve(port),
): Promise<SshFleet> {
  const directory = temporaryDirectory();
  const top = directory.path;
  const repository = join(top, 'config');
  writeBelow(top, 'bin/reconcile', `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  const servers = await Promise.all(
    names.map((name) => {
      const [files, state] = [join(top, 'hosts', name), join(top, 'states', name)];
      mkdirSync(files, { recursive: true });
      mkdirSync(join(top, 'states'), { recursive: true });
      writeBelow(top, `${name}.yaml`, `host: ${name}\npaths: { allow: ["${files}/**"] }\n`);
      const environment = {
        PATH: `${top}/${name}/bin:${top}/bin:/usr/bin:/bin`,
        RECONCILE_STATE_DIR: state,
        RECONCILE_HOST_POLICY: `${top}/${name}.yaml`,
      };
      const variables = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
      return startSshServer({ config: [`SetEnv ${variables.join(' ')}`] });
    }),
  );
  const ports = await Promise.all(servers.map(({ port }) => doorOf(port)));
  const known = servers.map(({ knownHosts, port }, index) => knownHosts.replaceAll(`:${port} `, `:${ports[index]} `));
  writeBelow(top, 'known_hosts', known.join(''));
  writeBelow(top, 'ssh_config', `Host *\nUserKnownHostsFile ${top}/known_hosts\nGlobalKnownHostsFile none\n`);
  const hosts = names.map((name, index) => {
    const { clientKey } = servers[index]!;
    const of = { ansible_host: '127.0.0.1', ansible_port: ports[index], ansible_user: userInfo().username };
    return [name, { ...of, ansible_ssh_private_key_file: clientKey }] as const;
  });
  const git: SshFleet['git'] = (...args) => gitIn(repository, ...args);
  mkdirSync(repository);
  git('init', '--quiet');
  // JSON is YAML.
  writeBelow(repository, 'inventory/hosts.yml', JSON.stringify({ all: { hosts: Object.fromEntries(hosts) } }));
  const running = new Set<ChildProcess>();
  const operate: SshFleet['operate'] = (...args) => {
    const all = [program, 'fleet', ...args, '--source', repository];
    const { PATH, TMPDIR } = process.env;
    const env = { PATH, ...(TMPDIR !== undefined && { TMPDIR }), HOME: top, RECONCILE_STATE_DIR: join(top, 'operator') };
    const child = spawn(process.execPath, all, { cwd: top, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    return follow(child);
  };
  const reach: SshFleet['reach'] = (...args) => operate(...args, '--ssh-config', join(top, 'ssh_config'), '-o', 'ndjson');
  return {
    git,
    operate,
    base: `${top}/hosts/{{ inventory_hostname }}`,
    reach,
    async report(...args) {
      const { events, ended } = reach(...args);
      const { stderr } = await ended;
      const last = events.at(-1);
      if (last?.type !== 'fleet-finished') throw new Error(stderr);
      return last.report;
    },
    commit(files) {
      for (const [name, text] of Object.entries(files)) writeBelow(repository, name, text);
      git('add', '--all');
      git('commit', '--quiet', '--message', 'a change');
      return git('rev-parse', 'HEAD');
    },
    read(host, file) {
      const path = join(top, 'hosts', host, file);
      return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    },
    pretend: (host, script) => writeBelow(top, `${host}/bin/reconcile`, `#!/bin/sh\n${script}\n`),
    edit: (host, file, text) => writeBelow(join(top, 'hosts', host), file, text),
    async [Symbol.asyncDispose]() {
      for (const child of running) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      for (const server of servers) await server[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

function follow(child: ChildProcess): Operator {
  const events: FleetEvent[] = [];
  const waiting = new Set<{ fits(event: FleetEvent): boolean; resolve(event: FleetEvent): void; reject(error: Error): void }>();
  const said = { stdout: '', stderr: '' };
  let rest = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    said.stdout += chunk.toString();
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((each) => each.startsWith('{"schema"'))) {
      const event = JSON.parse(line) as FleetEvent;
      events.push(event);
      for (const each of waiting) if (each.fits(event) && waiting.delete(each)) each.resolve(event);
    }
  });
  child.stderr!.on('data', (chunk: Buffer) => void (said.stderr += chunk.toString()));
  const ended = once(child, 'close').then(([exit]: (number | null)[]) => {
    for (const { reject } of waiting) reject(new Error(`it ended (${exit}) after saying:\n${said.stdout}${said.stderr}`));
    return { exit: exit ?? null, ...said };
  });
  return {
    child,
    events,
    ended,
    event(fits) {
      const found = events.find(fits);
      return found ? Promise.resolve(found) : new Promise((resolve, reject) => void waiting.add({ fits, resolve, reject }));
    },
  };
}
