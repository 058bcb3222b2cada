import { runCommand } from '../host/run-command.ts';
import { hardenedEnvironment } from '../model/hardened-git.ts';
import { lastLines } from '../model/last-lines.ts';
import { ExitError } from '../model/exit-error.ts';

/** Milliseconds that one git command may take. */
const gitTimeout = 120_000;

interface Extra {
  /** Undefined takes away what is usual. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** What makes a directory one that can be sent. */
export const firstCommit = 'git init && git add --all && git commit';

/** What git answers in the operator's repository; rejects with an `ExitError`. */
export type Ask = (words: readonly string[], extra?: Extra) => Promise<string>;

export async function askGit(
  repository: string,
  words: readonly string[],
  { env, settings, stdin }: Extra,
  signal: AbortSignal,
): Promise<string> {
  const hardened = hardenedEnvironment({ 'safe.directory': '*', 'core.quotePath': 'false', ...settings });
  const given = Object.entries<string | undefined>({ ...hardened, ...env });
  const variables = Object.fromEntries(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const { exitCode, stdout, stderr } = await runCommand(
    ['git', ...words],
    { cwd: repository, env: variables, timeout: gitTimeout, ...(stdin !== undefined && { stdin }) },
    signal,
  );
  if (exitCode === 0) return stdout;
  const said = lastLines(stderr) || `exit ${exitCode}`;
  throw new ExitError(
    'usage',
    `git ${words[0]} failed in ${repository}: ${said}`,
    `the revision to send comes from a git repository${/not a git repository/.test(said) ? `: ${firstCommit}` : ''}`,
  );
}
