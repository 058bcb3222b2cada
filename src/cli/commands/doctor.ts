import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findUnusableSecrets } from '../../agent/doors/load-hooks.ts';
import { machineNames } from '../../host/facts.ts';
import { loadHostPolicy } from '../../host/host-policy.ts';
import { identityFiles, readIdentities } from '../../host/identities.ts';
import { chooseHost } from '../../inventory/choose-host.ts';
import { readInventory } from '../../inventory/read-inventory.ts';
import { openSecrets } from '../../inventory/open-secrets.ts';
import { formatProblem } from '../../model/problem.ts';
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
import { findDamage } from '../../state/find-damage.ts';
import { stateDirectory, stateFile } from '../../state/state-directory.ts';
import { finding, type Finding } from '../finding.ts';
import { followFindings } from '../follow-findings.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { appliedSource } from '../remote-source.ts';
import { rootOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Checks what a run needs on this machine. Writes nothing; exits 1 when something is missing. */
export async function run(invocation: Invocation): Promise<number> {
  const source = findRepository(textOption(invocation, 'source') ?? '.');
  const own = source === undefined ? undefined : ownHost(source, textOption(invocation, 'host'));
  const directory = stateDirectory(rootOption(invocation));
  const state = stateIsUsable(directory);
  const findings = [
    nodeVersion(),
    git(),
    crontab(),
    state,
    ...(state.ok ? damage(directory) : []),
    diskSpace(directory),
    hostPolicy(),
    ...agentSecrets(),
    await repository(source, invocation),
    ...(await followFindings(invocation.signal)),
    ...(source === undefined || !own ? [] : [hostIsKnown(own), await identity(source), ...waves(source)]),
    ...vaultPassword(own),
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

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return finding(
    'Node.js',
    major >= 24,
    process.version,
    'run it with Node 24 or newer; npm ci brings one: node_modules/.bin/node',
  );
}

function git(): Finding {
  const place = findProgram('git');
  const fix = 'apt-get install git: commits and authors are read with it';
  return finding('git', place !== undefined, place ?? 'no program git on the PATH', fix);
}

/** No fault by itself: most hosts do without. */
const crontab = (): Finding =>
  finding('crontab', true, findProgram('crontab') ?? 'not installed; only "kind: cron" with "in: crontab" needs it', '');

const findProgram = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
    .map((directory) => join(directory, name))
    .find((file) => isAccessible(file, constants.X_OK));

const isAccessible = (path: string, mode: number): boolean => whyNotAccessible(path, mode) === undefined;

/** As the kernel calls it: `EROFS`. */
function whyNotAccessible(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** The nearest directory, from here upwards, that exists. */
function existing(directory: string): string {
  const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory();
  return isThere || dirname(directory) === directory ? directory : existing(dirname(directory));
}

/** Root may write everything but what is on a filesystem that is read-only. What is not there is no fault. */
function unwritable(path: string, fix: string): { readonly found: string; readonly fix: string } | undefined {
  const code = whyNotAccessible(path, constants.W_OK);
  if (code === undefined || code === 'ENOENT') return undefined;
  if (code !== 'EROFS') return { found: `${path} cannot be written (${code})`, fix };
  return { found: `the filesystem of ${path} is read-only`, fix: 'see why (dmesg), and mount it again for writing' };
}

function stateIsUsable(directory: string): Finding {
  const stat = statSync(directory, { throwIfNoEntry: false });
  const name = 'state directory';
  if (!stat) {
    const parent = existing(directory);
    const fault = unwritable(parent, 'run as root, or set RECONCILE_STATE_DIR');
    return fault
      ? finding(name, false, `${directory} cannot be made: ${fault.found}`, fault.fix)
      : finding(name, true, `${directory} will be made`, '');
  }
  if (!stat.isDirectory()) return finding(name, false, `${directory} is not a directory`, 'move away what stands there');
  if (stat.uid !== process.getuid?.())
    return finding(name, false, `${directory} belongs to user ${stat.uid}`, `chown ${process.getuid?.()} ${directory}`);
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  if ((stat.mode & 0o077) !== 0) return finding(name, false, `${directory}, mode ${mode}`, `chmod 700 ${directory}`);
  for (const path of [directory, stateFile(directory)]) {
    const fault = unwritable(path, `chmod u+w ${path}`);
    if (fault) return finding(name, false, fault.found, fault.fix);
  }
  return finding(name, true, `${directory}, mode ${mode}`, '');
}

/** Only where a file of the state cannot be used. */
const damage = (directory: string): readonly Finding[] =>
  findDamage(directory).map(([name, { message, hint }]) => finding(name, false, message, hint));

function diskSpace(directory: string): Finding {
  const place = existing(directory);
  const { bavail, bsize, ffree, files } = statfsSync(place);
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  const hasInodes = files === 0 || ffree > 1_000;
  const found = `${free} MiB and ${files === 0 ? 'enough' : ffree} inodes free at ${place}`;
  return finding(
    'disk space',
    free >= 100 && hasInodes,
    found,
    'make room: undo data and staged files need 100 MiB and 1,000 inodes',
  );
}

function hostPolicy(): Finding {
  const { file, policy, problems: unread } = loadHostPolicy();
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
const agentSecrets = (): readonly Finding[] =>
  findUnusableSecrets(loadHostPolicy().policy.agent).map(({ message, hint }) =>
    finding('agent secret', false, message, hint ?? ''),
  );

async function repository(source: string | undefined, invocation: Invocation): Promise<Finding> {
  const [remote] = loadHostPolicy().policy.remote?.urls ?? [];
  const found = source ?? remote ?? (await pushed(invocation));
  return finding(
    'repository',
    found !== undefined,
    found ?? 'no configuration repository here or above',
    'go into one (it has desired-state/site.yaml; `assignments: []` in it begins one), or give --source PATH',
  );
}

/** On a host without a remote, to which revisions are pushed. What is damaged is a finding of its own. */
async function pushed(invocation: Invocation): Promise<string | undefined> {
  const asked = { host: undefined, root: rootOption(invocation), signal: invocation.signal };
  try {
    const commit = (await appliedSource(asked))?.head().commit;
    return commit == null ? undefined : `${commit.slice(0, 8)}, the revision that was applied last`;
  } catch {
    return undefined;
  }
}

/** Only where a host pulls a repository that goes in waves. */
function waves(source: string): readonly Finding[] {
  const { remote, gitea } = loadHostPolicy().policy;
  const count = loadRollout(openWorkingTree(source).files).rollout?.value.waves.length ?? 0;
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
async function identity(source: string): Promise<Finding> {
  const { files } = openWorkingTree(source);
  const { policy } = loadHostPolicy();
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
function ownHost(source: string, given: string | undefined) {
  const inventory = readInventory(loadInventoryFiles(openWorkingTree(source).files, ownVault()));
  const names = { asked: given, own: loadHostPolicy().policy.host, machine: machineNames() };
  return { inventory, ...chooseHost(inventory, names) };
}

/** Only where one is named, or needed by encrypted files of this host's variables. */
function vaultPassword(own: OwnHost | undefined): readonly Finding[] {
  const { policy } = loadHostPolicy();
  const file = identityFiles(policy).vault;
  const unfit = file === undefined ? [] : readIdentities(policy).problems.filter(({ message }) => message.includes(file));
  const ofFiles = own?.host === undefined ? [] : own.inventory.problemsOf(own.host);
  const [problem] = [...unfit, ...ofFiles.filter(({ code }) => code === 'secret-unreadable')];
  if (file === undefined && !problem) return [];
  const found = problem ? formatProblem({ ...problem, hint: '' }) : (file ?? '');
  return [finding('vault password', !problem, found, problem?.hint ?? '')];
}
