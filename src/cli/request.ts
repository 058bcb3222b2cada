import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Request } from '../pipeline.ts';
import { findRepository } from '../source/find-repository.ts';
import { cliError } from './cli-error.ts';
import { textOption, type Invocation } from './invocation.ts';

/** The run that the common options ask for. Throws a usage error where there is no configuration repository. */
export function makeRequest(invocation: Invocation, action: Request['action']): Request {
  const host = textOption(invocation, 'host');
  const root = rootOption(invocation);
  if (root !== undefined && action === 'converge') mkdirSync(root, { recursive: true });
  if (root !== undefined && !existsSync(root))
    throw cliError('usage', `no such directory: ${root}`, `mkdir ${root}; a check makes nothing`);
  return {
    action,
    source: sourceOption(invocation),
    ...(host === undefined ? {} : { host }),
    ...(root === undefined ? {} : { root }),
    tags: tagsOption(invocation),
    paranoid: invocation.options['paranoid'] === true,
  };
}

/** `--root`, absolute. */
export function rootOption(invocation: Invocation): string | undefined {
  const root = textOption(invocation, 'root');
  if (root === '') throw cliError('usage', '--root needs a directory');
  return root === undefined ? undefined : resolve(root);
}

/** `--source`, else the repository around the current directory. Absolute. */
export function sourceOption(invocation: Invocation): string {
  const given = textOption(invocation, 'source');
  const found = findRepository(given ?? '.');
  if (given !== undefined && found !== resolve(given)) {
    const hint = found ? `did you mean ${found}?` : 'it needs desired-state/site.yaml';
    throw cliError('usage', `${given} is not a configuration repository`, hint);
  }
  if (found === undefined) {
    const hint = 'go into one (it has desired-state/site.yaml), or give --source PATH';
    throw cliError('usage', 'no configuration repository here or above', hint);
  }
  return found;
}

function tagsOption(invocation: Invocation): readonly string[] {
  const given = textOption(invocation, 'tags');
  const tags = (given ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  if (given !== undefined && tags.length === 0) throw cliError('usage', '--tags needs at least one tag');
  return tags;
}
