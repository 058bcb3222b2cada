import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../src/model/report.ts';
import { gitIn } from './git-in.ts';
import { runCli, type CliResult } from './run-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { writeBelow } from './write-below.ts';

/** A configuration repository with one host, `box`, and a sandbox root for it; gone when the scope ends. */
export interface Repository extends Disposable {
  readonly path: string;
  readonly root: string;
  /** Writes a file of the repository. */
  write(name: string, content: string): void;
  /** Commits everything; author Ada. Without a commit it is no git repository at all. */
  commit(message: string): void;
  /** Runs the built program in it, with these arguments alone. */
  cli(...args: readonly string[]): CliResult;
  /** Runs the built program on it: `--source`, `--host box` and `--root` are added. */
  run(args?: readonly string[], env?: Readonly<Record<string, string>>): CliResult;
  /** The same with `-o json`, parsed. */
  report(args?: readonly string[], env?: Readonly<Record<string, string>>): Report;
}

export function makeRepository(resources: string, files: Readonly<Record<string, string>> = {}): Repository {
  const directory = temporaryDirectory();
  const path = join(directory.path, 'config');
  const root = join(directory.path, 'root');
  mkdirSync(root);
  const write = (name: string, content: string): void => writeBelow(path, name, content);
  write('inventory/hosts.yml', 'all:\n  hosts:\n    box:\n');
  write('desired-state/site.yaml', site(resources));
  for (const [name, content] of Object.entries(files)) write(name, content);
  const run = (args: readonly string[] = [], env = {}): CliResult =>
    runCli([...args, '--source', path, '--host', 'box', '--root', root], { env });
  return {
    path,
    root,
    write,
    commit(message) {
      if (!existsSync(join(path, '.git'))) gitIn(path, 'init', '--quiet');
      gitIn(path, 'add', '--all');
      gitIn(path, 'commit', '--quiet', '--message', message);
    },
    cli: (...args) => runCli(args, { cwd: path, env: { HOME: directory.path } }),
    run,
    report(args = [], env) {
      const { stdout, stderr } = run([...args, '-o', 'json'], env);
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as Report;
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

/** `site.yaml` that gives these resources to every host. `resources` is YAML, one list item each. */
export const site = (resources: string): string =>
  `assignments:\n  - hosts: all\n    resources:\n${resources.trimEnd().replaceAll(/^/gm, '      ')}\n`;
