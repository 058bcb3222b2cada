import { statSync } from 'node:fs';
import { findUnusableSecrets } from '../../agent/doors/load-hooks.ts';
import { machineNames } from '../../host/facts.ts';
import { loadHostPolicy } from '../../host/host-policy.ts';
import { identityFiles, readIdentities } from '../../host/identities.ts';
import { chooseHost } from '../../inventory/choose-host.ts';
import { readInventory } from '../../inventory/read-inventory.ts';
import { openSecrets } from '../../inventory/open-secrets.ts';
import type { HostPolicyDocument } from '../../model/host-policy-document.ts';
import { formatProblem } from '../../model/problem.ts';
import type { Revision, SourceTree } from '../../model/revision.ts';
import { noSecrets, Secret } from '../../model/secret.ts';
import { judgePolicies } from '../../run/judge-policies.ts';
import { ownVault } from '../../run/own-vault.ts';
import { paintFor } from '../../report/paint.ts';
import { printableLine } from '../../report/printable.ts';
import { count } from '../../report/render-text.ts';
import { findRepository } from '../../source/find-repository.ts';
import { loadInventoryFiles } from '../../source/inventory-files.ts';
import { loadRollout } from '../../source/load.ts';
import { openWorkingTree } from '../../source/working-tree.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { finding, type Finding } from '../finding.ts';
import { followFindings } from '../follow-findings.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { machineFindings } from '../machine-findings.ts';
import { appliedSource } from '../remote-source.ts';
import { rootOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Checks what a run needs on this machine. Writes nothing; exits 1 when something is missing. */
export async function run(invocation: Invocation): Promise<number> {
  const source = findRepository(textOption(invocation, 'source') ?? '.');
  const loaded = loadHostPolicy();
  const { policy } = loaded;
  const applied = source === undefined ? await lastApplied(invocation) : undefined;
  const files = source === undefined ? applied?.files : openWorkingTree(source).files;
  const own = files && ownHost(files, textOption(invocation, 'host'), policy);
  const findings = [
    ...machineFindings(stateDirectory(rootOption(invocation))),
    hostPolicy(loaded),
    ...agentSecrets(policy),
    repository(source, policy, applied),
    ...(await followFindings(policy, invocation.signal)),
    ...(files && own ? [hostIsKnown(own), await identity(files, policy), ...waves(files, policy)] : []),
    ...vaultPassword(own, policy),
  ];
  if (textOption(invocation, 'output') === 'json') writeJson(findings);
  else {
    const paint = paintFor(process.stdout);
    for (const { name, ok, found, fix } of findings) {
      const mark = ok ? paint('green', 'ok  ') : paint('red', 'FAIL');
      process.stdout.write(`${mark}  ${name.padEnd(16)}  ${printableLine(found)}\n`);
      if (fix !== undefined) process.stdout.write(`      ${paint('bold', 'fix:')} ${printableLine(fix)}\n`);
    }
  }
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

function hostPolicy({ file, policy, problems: unread }: ReturnType<typeof loadHostPolicy>): Finding {
  const problems = unread.length > 0 ? unread : judgePolicies({ hostPolicy: policy });
  const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined;
  const found =
    problems.length > 0
      ? problems.map(formatProblem).join('; ')
      : isThere
        ? file
        : `none at ${file}: the repository may do everything`;
  return finding('host policy', problems.length === 0, found, `reconcile schema host-policy shows what ${file} can say`);
}

/** Only those that the agent cannot use. */
const agentSecrets = ({ agent }: HostPolicyDocument): readonly Finding[] =>
  findUnusableSecrets(agent).map(({ message, hint }) => finding('agent secret', false, message, hint ?? ''));

function repository(source: string | undefined, { remote }: HostPolicyDocument, applied: Revision | undefined): Finding {
  const pushed = applied?.commit && `${applied.commit.slice(0, 8)}, the revision that was applied last`;
  const found = source ?? remote?.urls[0] ?? pushed ?? undefined;
  return finding(
    'repository',
    found !== undefined,
    found ?? 'no configuration repository here or above',
    'go into one (it has desired-state/site.yaml; `assignments: []` in it begins one), or give --source PATH',
  );
}

/** What this host keeps of the repository. What is damaged is a finding of its own. */
async function lastApplied(invocation: Invocation): Promise<Revision | undefined> {
  const asked = { host: undefined, root: rootOption(invocation), signal: invocation.signal };
  try {
    return (await appliedSource(asked))?.open();
  } catch {
    return undefined;
  }
}

/** Only where a host pulls a repository that goes in waves. */
function waves(files: SourceTree, { remote, gitea }: HostPolicyDocument): readonly Finding[] {
  const count = loadRollout(files).rollout?.value.waves.length ?? 0;
  if (!remote || count === 0) return [];
  const found = gitea ? `${count}, by the commit statuses of ${gitea.repository}` : `${count} in rollout.yaml, but not obeyed`;
  return [
    finding('waves', gitea !== undefined, found, 'set gitea: in the host policy, where the hosts tell each other how they are'),
  ];
}

function hostIsKnown({ inventory, host, problems }: OwnHost): Finding {
  // Whoever is missing may stand where nobody could read it.
  const unread = problems.length > 0 ? inventory.problems : [];
  if (unread.length > 0)
    return finding(
      'host',
      false,
      unread.map(formatProblem).join('; '),
      'correct inventory/; reconcile validate lists everything',
    );
  const found = problems.length === 0 ? host : problems.map(formatProblem).join('; ');
  return finding('host', problems.length === 0, found, 'add it to inventory/, set host: in the host policy, or give --host');
}

/** Whether this host can decrypt: its identity, and which of the secrets it opens. */
async function identity(files: SourceTree, policy: HostPolicyDocument): Promise<Finding> {
  const file = identityFiles(policy).age;
  const { age, problems } = readIdentities(policy);
  const { names, get } = await openSecrets({ files, identities: age, vault: noSecrets.vault, variables: [] });
  const name = 'age identity';
  const [problem] = problems.filter(({ message }) => message.includes(file));
  if (problem) return finding(name, false, problem.message, problem.hint ?? '');
  if (age.length === 0) {
    const found = `none at ${file}; ${count(names.length, 'secret')} in the repository`;
    const fix = `age-keygen -o ${file}; then add its public key to recipients.txt, and rekey where the secrets can be read`;
    return finding(name, names.length === 0, found, fix);
  }
  const closed = names.filter((each) => !(get(each) instanceof Secret));
  const found = `${file} opens ${names.length - closed.length} of ${count(names.length, 'secret')}`;
  const fix = `add its public key (age-keygen -y ${file}) to recipients.txt, and rekey where the secrets can be read`;
  return finding(name, names.length === 0 || closed.length < names.length, found, fix);
}

type OwnHost = ReturnType<typeof ownHost>;

/** This machine in the inventory of the repository. */
function ownHost(files: SourceTree, given: string | undefined, policy: HostPolicyDocument) {
  const inventory = readInventory(loadInventoryFiles(files, ownVault()));
  const names = { asked: given, own: policy.host, machine: machineNames() };
  return { inventory, ...chooseHost(inventory, names) };
}

/** Only where one is named, or needed by encrypted files of this host's variables. */
function vaultPassword(own: OwnHost | undefined, policy: HostPolicyDocument): readonly Finding[] {
  const file = identityFiles(policy).vault;
  const unfit = file === undefined ? [] : readIdentities(policy).problems.filter(({ message }) => message.includes(file));
  const ofFiles = own?.host === undefined ? [] : own.inventory.problemsOf(own.host);
  const [problem] = [...unfit, ...ofFiles.filter(({ code }) => code === 'secret-unreadable')];
  if (file === undefined && !problem) return [];
  const found = problem ? formatProblem({ ...problem, hint: '' }) : (file ?? '');
  return [finding('vault password', !problem, found, problem?.hint ?? '')];
}
