import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../src/model/report.ts';
import { site } from './repository.ts';
import { program, runCli, type CliResult } from './run-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { writeBelow } from './write-below.ts';

type Environment = Readonly<Record<string, string>>;

/**
 * A configuration repository for this very machine, without `--root`. State, host policy and HOME are in a temporary
 * directory, and the host policy allows nothing outside `base`, which templates know under that name.
 */
export interface LiveRepository extends Disposable {
  /** The repository. */
  readonly path: string;
  /** Where managed paths are. */
  readonly base: string;
  /** Everything a run needs to leave the real machine alone. */
  readonly env: Environment;
  /** Writes a file of the repository. */
  write(name: string, content: string): void;
  /** Lets the host policy allow one path more, outside `base`. */
  allow(path: string): void;
  /** Makes these the resources of the host. */
  resources(yaml: string): void;
  /** Writes a file below `base`, and its directories. */
  put(name: string, content: string): void;
  /** Runs the built program; `--source` and `--host`, where they are needed, must be among the arguments. */
  cli(args: readonly string[], env?: Environment): CliResult;
  /** The same on this repository: `--source` and `--host` are added. */
  run(args?: readonly string[], env?: Environment): CliResult;
  /** The same with `-o json`, parsed. */
  report(args?: readonly string[], env?: Environment): Report;
  /** The same without waiting for it, where this process is a server that the run asks; `during` is handed what ends it. */
  converge(during?: (kill: () => void) => void): Promise<Report>;
}

/** `resources` as `site` takes them; other files by name, roles for instance. `policy` is added to the host policy. */
export function makeLiveRepository(resources: string, files: Readonly<Record<string, string>> = {}, policy = ''): LiveRepository {
  const directory = temporaryDirectory();
  const top = realpathSync(directory.path);
  const [path, base, home] = [join(top, 'config'), join(top, 'host'), join(top, 'home')];
  for (const each of [path, base, home]) mkdirSync(each);
  const env = {
    HOME: home,
    RECONCILE_STATE_DIR: join(top, 'state'),
    RECONCILE_HOST_POLICY: join(home, 'host.yaml'),
  };
  const allowed = [`${base}/**`];
  const allow = (path: string): void => {
    allowed.push(path);
    writeFileSync(env.RECONCILE_HOST_POLICY, `paths:\n  allow: ${JSON.stringify(allowed)}\n${policy}`, { mode: 0o600 });
  };
  allow(base);
  const write = (name: string, content: string): void => writeBelow(path, name, content);
  write('inventory/hosts.yml', `all:\n  hosts:\n    box:\n      base: ${base}\n      ansible_connection: local\n`);
  write('desired-state/site.yaml', site(resources));
  for (const [name, content] of Object.entries(files)) write(name, content);
  const cli = (args: readonly string[], more: Environment = {}): CliResult => runCli(args, { env: { ...env, ...more } });
  const run = (args: readonly string[] = [], more?: Environment): CliResult =>
    cli([...args, '--source', path, '--host', 'box'], more);
  return {
    path,
    base,
    env,
    write,
    allow,
    cli,
    run,
    resources: (yaml) => write('desired-state/site.yaml', site(yaml)),
    put: (name, content) => writeBelow(base, name, content),
    report(args = [], more) {
      const { stdout, stderr } = run([...args, '-o', 'json'], more);
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as Report;
    },
    async converge(during = () => undefined) {
      const child = spawn(process.execPath, [program, '--source', path, '--host', 'box', '-o', 'json'], {
        cwd: '/',
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const output: string[] = [];
      const errors: string[] = [];
      child.stdout.on('data', (chunk) => output.push(String(chunk)));
      child.stderr.on('data', (chunk) => errors.push(String(chunk)));
      during(() => child.kill('SIGTERM'));
      await once(child, 'close');
      if (output.length === 0) throw new Error(errors.join(''));
      return JSON.parse(output.join('')) as Report;
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}
