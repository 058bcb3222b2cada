import { exitCodes } from '../../model/exit-code.ts';
import { firstProblems } from '../../model/first-problems.ts';
import { paintFor } from '../../report/paint.ts';
import { count, problemLines } from '../../report/render-text.ts';
import { openWorkingTree } from '../../source/working-tree.ts';
import { validateRepository } from '../../operations/validate-repository.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Checks every document and compiles every host, or one. The state of this host is not looked at. */
export async function run(invocation: Invocation): Promise<number> {
  const revision = openWorkingTree(sourceOption(invocation));
  const { hosts, problems, unreadable } = await validateRepository(revision, textOption(invocation, 'host'));
  const isValid = problems.length === 0;
  if (textOption(invocation, 'output') === 'json') {
    writeJson({ schema: 'reconcile.validation/1', hosts, problems: firstProblems(problems), unreadableSecrets: unreadable });
  } else {
    const paint = paintFor(process.stdout);
    const verdict = isValid ? paint('green', 'Valid') : paint('red', `Invalid: ${count(problems.length, 'problem')}`);
    const lines = [...problemLines(firstProblems(problems), paint), `${verdict}, ${count(hosts.length, 'host')} compiled`];
    process.stdout.write(`${lines.join('\n')}\n`);
    if (unreadable > 0) {
      process.stderr.write(`${count(unreadable, 'use')} of secrets cannot be decrypted here; each host checks its own\n`);
    }
  }
  return isValid ? exitCodes.converged.code : exitCodes.invalid.code;
}
