import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCli, type CliResult } from './run-cli.ts';

/** A configuration repository and a sandbox root in one temporary directory, with the host `demo`. */
export interface TempSite {
  readonly source: string;
  readonly root: string;
  /** Writes files of the repository. */
  write(files: Readonly<Record<string, string>>): void;
  /** Commits everything; author Ada. */
  commit(message: string): void;
  /** Runs the built program in the repository. */
  run(...args: readonly string[]): CliResult;
  /** The same with `--host demo --root ROOT`. */
  reconcile(...args: readonly string[]): CliResult;
  dispose(): void;
}

export function makeSite(files: Readonly<Record<string, string>>): TempSite {
  const directory = mkdtempSync(join(tmpdir(), 'site-'));
  const [source, root] = [join(directory, 'source'), join(directory, 'root')];
  const git = (...args: readonly string[]): void => {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@machine.example', '-c', 'init.defaultBranch=main'];
    execFileSync('git', [...identity, ...args], {
      cwd: source,
      env: { PATH: process.env['PATH'], HOME: directory },
      stdio: 'pipe',
    });
  };
  const run = (...args: readonly string[]): CliResult => runCli(args, { cwd: source, env: { HOME: directory } });
  const site: TempSite = {
    source,
    root,
    write(more) {
      for (const [file, text] of Object.entries(more)) {
        mkdirSync(dirname(join(source, file)), { recursive: true });
        writeFileSync(join(source, file), text);
      }
    },
    commit(message) {
      git('add', '--all');
      git('commit', '--quiet', '--message', message);
    },
    run,
    reconcile: (...args) => run('--host', 'demo', '--root', root, ...args),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
  mkdirSync(source);
  mkdirSync(root);
  site.write({ 'inventory/hosts.yml': 'all:\n  hosts:\n    demo:\n      greeting: hello\n', ...files });
  git('init', '--quiet');
  site.commit('first');
  return site;
}

/** A site.yaml that gives these resources, YAML list items without indentation, to `demo`. */
export const siteWith = (resources: string): string =>
  `assignments:\n  - hosts: demo\n    resources:\n${resources.replace(/^(?=.)/gm, '      ')}`;
