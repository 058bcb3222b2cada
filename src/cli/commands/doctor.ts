import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { loadHostPolicy } from '../../host/host-policy.ts';
import { identityFiles } from '../../host/identities.ts';
import { readInventory } from '../../inventory/read-inventory.ts';
import { secretsDirectory } from '../../inventory/open-secrets.ts';
import { formatProblem } from '../../model/problem.ts';
import { paintFor } from '../../report/paint.ts';
import { printableLine } from '../../report/printable.ts';
import { findRepository } from '../../source/find-repository.ts';
import { loadInventoryFiles } from '../../source/inventory-files.ts';
import { openWorkingTree } from '../../source/working-tree.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { rootOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** One thing that a run needs. Not ok: `fix` says what to do. */
interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly fix?: string;
}

/** Checks what a run needs on this machine. Writes nothing; exits 1 when something is missing. */
export async function run(invocation: Invocation): Promise<number> {
  const source = findRepository(textOption(invocation, 'source') ?? '.');
  const directory = stateDirectory(rootOption(invocation));
  const findings = [
    nodeVersion(),
    program('git', 'apt-get install git: commits and authors are read with it'),
    program('crontab', 'apt-get install cron: the kind cron writes through it', ['cron']),
    stateIsUsable(directory),
    diskSpace(directory),
    hostPolicy(),
    repository(source),
    ...(source === undefined ? [] : [hostIsKnown(source, textOption(invocation, 'host')), identity(source)]),
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

const finding = (name: string, ok: boolean, found: string, fix: string): Finding => ({ name, ok, found, ...(ok ? {} : { fix }) });

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return finding(
    'Node.js',
    major >= 24,
    process.version,
    'run it with Node 24 or newer; npm ci brings one: node_modules/.bin/node',
  );
}

function program(name: string, fix: string, packages: readonly string[] = [name]): Finding {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const place = directories.map((directory) => join(directory, name)).find((file) => isAccessible(file, constants.X_OK));
  return finding(packages[0]!, place !== undefined, place ?? `no program ${name} on the PATH`, fix);
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** The nearest directory, from here upwards, that exists. */
function existing(directory: string): string {
  const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory();
  return isThere || dirname(directory) === directory ? directory : existing(dirname(directory));
}

function stateIsUsable(directory: string): Finding {
  const stat = statSync(directory, { throwIfNoEntry: false });
  const name = 'state directory';
  if (!stat) {
    const parent = existing(directory);
    const ok = isAccessible(parent, constants.W_OK);
    return finding(
      name,
      ok,
      ok ? `${directory} will be made` : `${directory} cannot be made in ${parent}`,
      'run as root, or set RECONCILE_STATE_DIR',
    );
  }
  if (stat.uid !== process.getuid?.())
    return finding(name, false, `${directory} belongs to user ${stat.uid}`, `chown ${process.getuid?.()} ${directory}`);
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  return finding(name, (stat.mode & 0o077) === 0, `${directory}, mode ${mode}`, `chmod 700 ${directory}`);
}

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
  const { file, problems } = loadHostPolicy();
  const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined;
  const found =
    problems.length > 0
      ? problems.map(formatProblem).join('; ')
      : isThere
        ? file
        : `none at ${file}: the repository may do everything`;
  return finding('host policy', problems.length === 0, found, `reconcile schema host-policy shows what ${file} can say`);
}

function repository(source: string | undefined): Finding {
  const found = source ?? 'no configuration repository here or above';
  return finding(
    'repository',
    source !== undefined,
    found,
    'go into one (it has desired-state/site.yaml), or give --source PATH',
  );
}

function hostIsKnown(source: string, given: string | undefined): Finding {
  const { hosts } = readInventory(loadInventoryFiles(openWorkingTree(source).files));
  const own = loadHostPolicy().policy.host;
  const names = given === undefined ? [...(own === undefined ? [] : [own]), hostname(), hostname().split('.')[0]!] : [given];
  const host = names.find((name) => hosts.includes(name));
  const found = host ?? `none of ${[...new Set(names)].join(', ')} is in the inventory`;
  return finding(
    'host',
    host !== undefined,
    found,
    `add it to inventory/, set host: in the host policy, or give --host (${hosts.slice(0, 10).join(', ')})`,
  );
}

function identity(source: string): Finding {
  const secrets = openWorkingTree(source)
    .files.list(secretsDirectory)
    .filter(({ path }) => path.endsWith('.age'));
  const file = identityFiles(loadHostPolicy().policy).age;
  const stat = statSync(file, { throwIfNoEntry: false });
  const name = 'age identity';
  if (!stat) {
    const found = `${file} does not exist; ${secrets.length} secrets in the repository`;
    return finding(
      name,
      secrets.length === 0,
      found,
      `age-keygen -o ${file}; then add its public key to recipients.txt and rekey`,
    );
  }
  const isPrivate = (stat.mode & 0o077) === 0 && isAccessible(file, constants.R_OK);
  return finding(
    name,
    isPrivate,
    `${file}, mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')}`,
    `chmod 600 ${file}, and make it readable for this user`,
  );
}
