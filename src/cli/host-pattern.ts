import { readFileSync, statSync } from 'node:fs';
import { splitPattern } from '../inventory/split-pattern.ts';
import { ExitError } from '../model/exit-error.ts';

/** Bytes; a list of tens of thousands of hosts. */
const largest = 4 * 1024 * 1024;

/**
 * A host pattern of the command line, for `selectHosts`: of a term `@FILE` come the lines of that file, each one term, as with Ansible's
 * `--limit`. Never for patterns of a repository, which reads no files of the operator. Throws a usage error.
 */
export function hostPattern(given: string): string | readonly string[] {
  const terms = splitPattern(given);
  if (!terms.some(isFile)) return given;
  return terms.flatMap((term) => (isFile(term) ? linesOf(term.slice(1)) : [term]));
}

const isFile = (term: string): boolean => term.startsWith('@');

function linesOf(file: string): readonly string[] {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile())
    throw new ExitError('usage', `no such file: ${file}`, 'a pattern that begins with "@" names a file of patterns');
  if (found.size > largest) throw new ExitError('usage', `${file} is too large to be a list of hosts`);
  const lines = readFileSync(file, 'utf8').split('\n');
  const terms = lines.map((line) => line.trim()).filter((line) => line !== '');
  // In Ansible such a file selects every host.
  if (terms.length === 0) throw new ExitError('usage', `${file} names no host`);
  return terms;
}
