import { readFileSync, statSync } from 'node:fs';
import { parseJson } from '../model/json.ts';
import { ExitError } from '../model/exit-error.ts';

/** The JSON that stands in a file with a plan; undefined where it is none. Throws a usage error, with the hint, for what can be no plan. */
export function readPlan(file: string, largest: number, hint: string): unknown {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw new ExitError('usage', `no such file: ${file}`, hint);
  if (!found.isFile())
    throw new ExitError('usage', `${file} is ${found.isDirectory() ? 'a directory' : 'no regular file'}`, hint);
  if (found.size > largest) throw new ExitError('usage', `${file} is too large to be a plan`, hint);
  return parseJson(readFileSync(file, 'utf8'));
}
