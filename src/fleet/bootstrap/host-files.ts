import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hostPolicyDocument } from '../../model/host-policy-document.ts';
import { formatProblem, type Problem } from '../../model/problem.ts';
import { checkDocument } from '../../source/check-document.ts';
import { readPrivateFile } from '../../source/private-file.ts';
import { readYaml } from '../../source/yaml.ts';
import { ExitError } from '../../model/exit-error.ts';

/** A file for `/etc/timmy-reconciler` of a host. */
export interface HostFile {
  /** Below that directory, `/` between the parts. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** What one host gets. */
export interface HostFiles {
  /** The host policy; one that is not given is put only where there is none. */
  readonly policy: HostFile & { readonly isGiven: boolean };
  readonly others: readonly HostFile[];
}

const policyName = 'host.yaml';
/** They say whom a host trusts and hold no secrets. */
const publicNames = ['allowed_signers', 'known_hosts'];
const mostFiles = 200;
const largestPolicy = 1024 * 1024;
/** The directory of `--files` that every host gets; as the group of Ansible. */
const everyHost = 'all';

/**
 * Reads what a host gets from the operator's files: `--policy`, and of `--files` what is in `all/` and over it what is in the
 * directory with the name of the host. Secrets must be files that nobody else can read. Throws an `ExitError` that names the file,
 * never what is in it.
 */
export function readHostFiles(
  host: string,
  { policy, directory }: { readonly policy: string | undefined; readonly directory: string | undefined },
): HostFiles {
  const found = new Map<string, HostFile>();
  let file = policy ?? policyName;
  if (directory !== undefined) {
    if (!isDirectory(directory)) throw new ExitError('usage', `${directory} is not a directory`, filesHint);
    const parts = [everyHost, host].map((name) => join(directory, name)).filter(isDirectory);
    for (const part of parts) {
      const paths = listFiles(part);
      for (const path of paths) found.set(path, readOne(part, path));
      if (paths.includes(policyName)) file = join(part, policyName);
    }
  }
  const own = found.get(policyName)?.content ?? (policy === undefined ? undefined : readPolicy(resolve(policy)));
  found.delete(policyName);
  const content = nameHost(host, own ?? Buffer.alloc(0), file);
  return {
    policy: { path: policyName, content, mode: 0o644, isGiven: own !== undefined },
    others: [...found.values()],
  };
}

const filesHint = 'it holds all/ for every host and HOST/ for one, with what goes below /etc/timmy-reconciler';

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function listFiles(directory: string, prefix = ''): readonly string[] {
  const files = readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    // Names that a shell and a list of lines can carry.
    if (!/^[\w.@+-][\w.@+ -]*$/.test(entry.name))
      throw new ExitError('usage', `${JSON.stringify(path)} is no name for a file there`, filesHint);
    if (entry.isDirectory()) return listFiles(directory, path);
    if (!entry.isFile()) throw new ExitError('usage', `${join(directory, path)} is neither a file nor a directory`, filesHint);
    return [path];
  });
  if (files.length > mostFiles) throw new ExitError('usage', `${directory} has more than ${mostFiles} files`, filesHint);
  return files;
}

function readOne(directory: string, path: string): HostFile {
  const file = join(directory, path);
  if (path === policyName) return { path, content: readPolicy(file), mode: 0o644 };
  const mayBeRead = publicNames.includes(path.split('/').at(-1) ?? '');
  const read = readPrivateFile(file, mayBeRead ? 'file' : 'secret file', { mayBeRead });
  if ('refused' in read) throw new ExitError('usage', read.refused, read.hint);
  return { path, content: read.bytes, mode: 0o600 };
}

function readPolicy(file: string): Buffer {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > largestPolicy)
    throw new ExitError('usage', `${file} is no host policy: there is no file of that kind`, 'name the right one with --policy');
  return readFileSync(file);
}

/** The policy with the name of the host in it. One for another host, or with a problem, is an error. */
function nameHost(host: string, content: Buffer, file: string): Buffer {
  const { loaded, problems } = readYaml(file, content);
  const checked = loaded && problems.length === 0 ? checkDocument(hostPolicyDocument, loaded) : undefined;
  const all: readonly Problem[] = [...problems, ...(checked?.problems ?? [])];
  if (content.length > 0 && (all.length > 0 || !checked?.value))
    throw new ExitError('invalid', `the host policy has problems:\n${all.map(formatProblem).join('\n')}`, 'correct them first');
  const named = checked?.value?.host;
  if (named !== undefined && named !== host)
    throw new ExitError(
      'usage',
      `${file} is the host policy of ${named}, not of ${host}`,
      'leave `host:` out of a policy that is for several hosts: each gets its own name',
    );
  return named === undefined ? Buffer.concat([Buffer.from(`host: ${JSON.stringify(host)}\n`), content]) : content;
}
