import { resolve } from 'node:path';
import { adopt } from '../../operations/adopt.ts';
import { formatProblem } from '../../model/problem.ts';
import { printableLine } from '../../report/printable.ts';
import { bytes } from '../../report/unified-diff.ts';
import { ExitError } from '../../model/exit-error.ts';
import type { Invocation } from '../invocation.ts';
import { makeRequest } from '../request.ts';

/** Moves a local edit into the repository. Exits 7 when that is refused, 65 when the documents have problems. */
export async function run(invocation: Invocation): Promise<number> {
  const target = invocation.arguments[0]!;
  // An address, as plans show it, has the path in brackets, where it has one.
  const named = /^\w+\[(.*)\]$/.exec(target)?.[1];
  const path = named === undefined || named.startsWith('/') ? resolve(named ?? target) : target;
  const adoption = await adopt(await makeRequest(invocation, 'check'), path);
  if ('refused' in adoption) {
    const { refused, hint, problems } = adoption;
    throw new ExitError(problems ? 'invalid' : 'refused', [...(problems ?? []).map(formatProblem), refused].join('\n'), hint);
  }
  const { file, outcome, bytes: size } = adoption;
  const line =
    outcome === 'same'
      ? `${file} already has the live content of ${path}`
      : `${file}: written from ${path} (${bytes(size)}), for every host that gets it; look at it with git diff, and commit it`;
  process.stdout.write(`${printableLine(line)}\n`);
  return 0;
}
