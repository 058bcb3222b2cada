import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Request } from '../model/request.ts';
import type { Source } from '../model/revision.ts';
import { findRepository } from '../source/find-repository.ts';
import { workingTree } from '../source/working-tree.ts';
import { ExitError } from '../model/exit-error.ts';
import { textOption, type Invocation } from './invocation.ts';

/**
 * The run that the common options ask for, on the repository of `--source`, else the one around the current directory, else
 * what the remote of the host policy gives; who only looks may mean what was applied last. Throws a usage error where there is none of
 * them.
 */
export async function makeRequest(invocation: Invocation, action: Request['action'], orApplied = false): Promise<Request> {
  const host = textOption(invocation, 'host');
  const root = rootOption(invocation);
  if (root !== undefined) openRoot(root, action);
  const source = await findSource(invocation, { host, root, signal: invocation.signal, orApplied });
  return {
    action,
    source,
    ...fromRemote(root, source),
    ...(host === undefined ? {} : { host }),
    ...(root === undefined ? {} : { root }),
    tags: tagsOption(invocation),
    paranoid: invocation.options['paranoid'] === true,
  };
}

/** What goes for a run on what came from a remote. */
export const fromRemote = (root: string | undefined, { workingTree }: Source): Pick<Request, 'confirmedBy' | 'accept'> =>
  workingTree
    ? {}
    : {
        confirmedBy: 'remote',
        accept: async (report) => (await import('./remote-source.ts')).acceptRevision(root, report),
      };

interface Sought {
  readonly host: string | undefined;
  readonly root: string | undefined;
  readonly signal: AbortSignal;
  readonly orApplied: boolean;
}

async function findSource(invocation: Invocation, sought: Sought): Promise<Source> {
  const given = textOption(invocation, 'source');
  const isUrl = given !== undefined && /^[\w+.-]+:\/\/|^[\w.-]+@[\w.-]+:/.test(given);
  if (!isUrl && (given !== undefined || findRepository('.') !== undefined)) return workingTree(sourceOption(invocation));
  // Loaded when a remote is asked for: a run in a working tree has no time for it.
  const { appliedSource, remoteSource } = await import('./remote-source.ts');
  const found = (await remoteSource(sought, given)) ?? (sought.orApplied ? await appliedSource(sought) : undefined);
  return found ?? workingTree(sourceOption(invocation));
}

function openRoot(root: string, action: Request['action']): void {
  const stat = statSync(root, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory())
    throw new ExitError('usage', `${root} is not a directory`, '--root names a directory to treat as /');
  if (stat) return;
  if (action === 'check') throw new ExitError('usage', `no such directory: ${root}`, `mkdir ${root}; a check makes nothing`);
  try {
    mkdirSync(root, { recursive: true });
  } catch (error) {
    throw new ExitError('usage', `${root} cannot be made: ${(error as Error).message}`, 'name another directory with --root');
  }
}

/** `--root`, absolute. */
export function rootOption(invocation: Invocation): string | undefined {
  const root = textOption(invocation, 'root');
  return root === undefined ? undefined : resolve(root);
}

/** `--source`, else the repository around the current directory. Absolute. */
export function sourceOption(invocation: Invocation): string {
  const given = textOption(invocation, 'source');
  const found = findRepository(given ?? '.');
  if (given !== undefined && found !== resolve(given)) {
    if (!existsSync(given))
      throw new ExitError('usage', `no such directory: ${given}`, '--source names a configuration repository');
    const hint = misnamedSite(given) ?? (found ? `did you mean ${found}?` : 'it needs desired-state/site.yaml');
    throw new ExitError('usage', `${given} is not a configuration repository`, hint);
  }
  if (found === undefined) {
    const hint =
      misnamedSite('.') ??
      'go into one (it has desired-state/site.yaml; `assignments: []` in it begins one), give --source PATH, or name a remote in the host policy; where revisions are pushed: reconcile now';
    throw new ExitError('usage', 'no configuration repository here or above', hint);
  }
  return found;
}

/** What to do about a directory that is nearly one. */
function misnamedSite(directory: string): string | undefined {
  const folder = join(directory, 'desired-state');
  if (existsSync(join(folder, 'site.yml'))) return 'rename desired-state/site.yml to site.yaml';
  return existsSync(folder) ? 'desired-state/ has no site.yaml: write one, it says which host gets what' : undefined;
}

/** `--tags`, at commas. */
export function tagsOption(invocation: Invocation): readonly string[] {
  const given = textOption(invocation, 'tags');
  const tags = (given ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  if (given !== undefined && tags.length === 0) throw new ExitError('usage', '--tags needs at least one tag');
  return tags;
}
