import { execFileSync } from 'node:child_process';
import type { CommitInfo, Revision } from '../model/revision.ts';

/** Milliseconds. */
const timeout = 10_000;
const outsideGit: CommitInfo = { id: 'working-tree', short: 'worktree', author: '', time: '' };

/** Author and time of the commit of a revision. Outside git, and before the first commit, empty. Git is asked when they are. */
export function readCommitInfo({ root, commit, commitInfo }: Revision): CommitInfo {
  if (commitInfo) return commitInfo;
  if (commit === null) return outsideGit;
  let asked: readonly string[] | undefined;
  // Not by simple-git: a template that names them cannot wait.
  const ask = (): readonly string[] => {
    const settings = settingsFor(root).flatMap((setting) => ['-c', setting]);
    const argv = [...settings, 'log', '-1', '--format=%an%x00%aI', commit];
    try {
      const options = { cwd: root, env: environment(), encoding: 'utf8', timeout, stdio: 'pipe' } as const;
      return execFileSync('git', argv, options).trim().split('\0');
    } catch (error) {
      throw new Error(`git does not say who made ${commit.slice(0, 12)}, and when: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
  return {
    id: commit,
    short: commit.slice(0, 12),
    get author() {
      return (asked ??= ask())[0] ?? '';
    },
    get time() {
      return (asked ??= ask())[1] ?? '';
    },
  };
}

/** Runs git for its output. simple-git resolves a failed command as success when it wrote nothing to stderr; this rejects for every non-zero exit. */
export async function runGit(directory: string, args: readonly string[]): Promise<string> {
  // Loaded when there is something to ask git about.
  const { simpleGit } = await import('simple-git');
  const ask = (settings: readonly string[], words: readonly string[]): Promise<string> =>
    simpleGit({
      baseDir: directory,
      config: [...settings],
      allowEnvironment: Object.keys(ownEnvironment),
      unsafe: { allowUnsafeHooksPath: true, allowUnsafeFsMonitor: true, allowUnsafeFilter: true },
      timeout: { block: timeout },
      errors: (error, { exitCode, stdErr }) =>
        error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from(`exit ${exitCode}`)])),
    })
      .env(environment())
      .raw([...words]);
  const settings = settingsFor(directory);
  const names = filters.get(directory) ?? ask(settings, ['config', '--list', '--name-only', '--null']).then(filtersIn);
  filters.set(directory, names);
  return ask([...settings, ...(await names).map((name) => `${name}=`)], args);
}

/** By directory, since an explanation asks git several times. Git has no switch for all of them. */
const filters = new Map<string, Promise<readonly string[]>>();

function filtersIn(listed: string): readonly string[] {
  const found = listed.split('\0').filter((name) => name.startsWith('filter.'));
  const odd = found.find((name) => name.includes('='));
  if (odd !== undefined) throw new Error(`${odd} cannot be switched off`);
  return found;
}

/** Nothing of a repository is run, whoever wrote its configuration, so that git need not ask whose it is. */
const settingsFor = (directory: string): readonly string[] => [
  `safe.directory=${directory}`,
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'log.showSignature=false',
];

/** What is not there is not fetched, and the index stays as it is. */
const ownEnvironment = { GIT_ALLOW_PROTOCOL: '', GIT_OPTIONAL_LOCKS: '0' } as const;

/** Without what the caller has set for another git. */
const environment = (): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '/nonexistent',
  ...ownEnvironment,
});
