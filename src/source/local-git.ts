import { execFileSync } from 'node:child_process';

/** Milliseconds. */
const timeout = 10_000;
/** Bytes of what git prints. */
const maxBuffer = 32 * 1024 * 1024;

/**
 * Runs git in a repository for its output, at once: a template that names an author cannot wait, and simple-git would take 50 ms for no
 * output. Nothing of a repository is run, but for the filters of its attributes: a command that reads files of the working tree needs
 * `withoutFilters` too. Throws for every non-zero exit, and after ten seconds.
 */
export function askGit(directory: string, args: readonly string[]): string {
  const words = [...settingsFor(directory).flatMap(asWords), ...args];
  return execFileSync('git', words, { cwd: directory, env: environment(), encoding: 'utf8', timeout, maxBuffer, stdio: 'pipe' });
}

/** Runs git for its output. simple-git resolves a failed command as success when it wrote nothing to stderr; this rejects for every non-zero exit. */
export async function runGit(directory: string, args: readonly string[]): Promise<string> {
  // Loaded when there is something to ask git about.
  const { simpleGit } = await import('simple-git');
  return simpleGit({
    baseDir: directory,
    config: [...settingsFor(directory), ...filterSettings(directory)],
    allowEnvironment: Object.keys(ownEnvironment),
    unsafe: { allowUnsafeHooksPath: true, allowUnsafeFsMonitor: true, allowUnsafeFilter: true },
    timeout: { block: timeout },
    errors: (error, { exitCode, stdErr }) =>
      error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from(`exit ${exitCode}`)])),
  })
    .env(environment())
    .raw([...args]);
}

/** Words before a command of `askGit` that switch off the programs which attributes of a repository's files name. */
export const withoutFilters = (directory: string): readonly string[] => filterSettings(directory).flatMap(asWords);

/** Git has no switch for all of them. */
function filterSettings(directory: string): readonly string[] {
  const listed = askGit(directory, ['config', '--list', '--name-only', '--null']).split('\0');
  const found = listed.filter((name) => name.startsWith('filter.'));
  const odd = found.find((name) => name.includes('='));
  if (odd !== undefined) throw new Error(`${odd} cannot be switched off`);
  return found.map((name) => `${name}=`);
}

const asWords = (setting: string): readonly string[] => ['-c', setting];

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
