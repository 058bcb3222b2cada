import { readFacts } from '../host/facts.ts';
import { openLocalReader } from '../host/local-reader.ts';
import { unknownHost } from '../inventory/choose-host.ts';
import { damaged, isAgeFile } from '../inventory/age.ts';
import { readRecipients } from '../inventory/edit-secrets.ts';
import { secretsDirectory } from '../inventory/open-secrets.ts';
import { criticalHosts } from '../inventory/critical-hosts.ts';
import { planWaves } from '../inventory/plan-waves.ts';
import { loadSources } from '../run/load-sources.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import type { Revision, SourceTree } from '../model/revision.ts';
import { compileHosts } from './compile-hosts.ts';
import { hostsToCompile } from './hosts-to-compile.ts';
import { judgePolicies } from '../run/judge-policies.ts';

interface Validation extends WithProblems {
  /** Those that were compiled. */
  readonly hosts: readonly string[];
  /** How many were not, because there are so many; and how many of these are like none that was. */
  readonly left: number;
  readonly leftUnlike: number;
  /** Resources of all that were compiled. */
  readonly resources: number;
  /** Uses of secrets that only other hosts can decrypt; not a fault of the repository. */
  readonly unreadable: number;
}

interface Asked {
  /** One host instead of all. */
  readonly only?: string | undefined;
  readonly withSecrets?: boolean;
  readonly signal: AbortSignal;
}

/**
 * Checks every document and compiles every host of the inventory, of a large one the first thousand that differ, or the one
 * named. Each problem is listed once. What is wrong with this machine's own files is no fault of the repository and is left
 * to `doctor`.
 */
export async function validateRepository(revision: Revision, { only, withSecrets = true, signal }: Asked): Promise<Validation> {
  const sources = await loadSources(revision, readFacts(openLocalReader({})), { withSecrets });
  const { documents, inventory, problems: found } = sources;
  const named = { hosts: inventory.hosts.filter((host) => host === only), left: 0, leftUnlike: 0 };
  const { hosts, left, leftUnlike } = only === undefined ? hostsToCompile(documents, inventory) : named;
  const problems = new Map<string, Problem>();
  const report = (problem: Problem): void => {
    if (problems.get(keyOf(problem))?.hint === undefined) problems.set(keyOf(problem), problem);
  };
  const waves = documents.rollout ? planWaves(documents.rollout, inventory) : { problems: [] };
  const { policy, policyAt } = documents;
  const faults = judgePolicies({ policy, policyAt });
  const unknown = criticalHosts(documents, inventory).problems;
  [...found, ...waves.problems, ...faults, ...unknown].forEach(report);
  for (const problem of await checkSecrets(revision.files)) problems.set(keyOf(problem), problem);
  if (only !== undefined && hosts.length === 0) report(unknownHost(only, inventory.hosts));
  const compiled = await compileHosts(sources, hosts, signal);
  compiled.problems.forEach(report);
  return { ...compiled, left, leftUnlike, problems: [...problems.values()] };
}

const keyOf = ({ hint: _hint, ...problem }: Problem): string => JSON.stringify(problem);

/**
 * The recipients, where there are secrets; secrets that nobody can decrypt; and files beside them that nothing reads, which may be
 * secrets in plain text.
 */
async function checkSecrets(files: SourceTree): Promise<readonly Problem[]> {
  const listed = files.list(secretsDirectory).map(({ path }) => path);
  const strange = listed.filter((path) => !/\.age$|\/(?:recipients\.txt|README[^/]*|\.[^/]*)$/.test(path));
  const problems = strange.map((file): Problem => {
    const hint =
      '`reconcile secret set NAME < FILE` encrypts a secret; take the plain text out of git, and replace it everywhere';
    return { code: 'unknown-file', message: 'nothing reads this file', at: { file, line: 1, column: 1 }, hint };
  });
  if (listed.length === 0) return [];
  for (const file of listed.filter((path) => path.endsWith('.age'))) {
    const bytes = files.read(file);
    if (bytes && !(await isAgeFile(bytes)))
      problems.push({
        code: 'secret-unreadable',
        message: damaged,
        at: { file, line: 1, column: 1 },
        hint: '`reconcile secret set NAME < FILE` writes it anew',
      });
  }
  const hasSecrets = listed.some((path) => path.endsWith('.age'));
  const { problems: faults } = await readRecipients(files);
  return [...faults.filter(({ code }) => hasSecrets || !code.startsWith('missing-')), ...problems];
}
