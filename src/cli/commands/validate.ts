import { exitCodes } from '../../model/exit-code.ts';
import { firstProblems } from '../../model/first-problems.ts';
import { paintFor } from '../../report/paint.ts';
import { count, problemLines } from '../../report/render-text.ts';
import { leftOfAnsible } from '../../source/left-of-ansible.ts';
import { openWorkingTree } from '../../source/working-tree.ts';
import { validateRepository } from '../../operations/validate-repository.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Checks every document and compiles every host, of very many a part, or one. The state of this host is not looked at. */
export async function run(invocation: Invocation): Promise<number> {
  const revision = openWorkingTree(sourceOption(invocation));
  const { hosts, left, leftUnlike, problems, unreadable } = await validateRepository(revision, {
    only: textOption(invocation, 'host'),
    signal: invocation.signal,
  });
  const isValid = problems.length === 0;
  if (textOption(invocation, 'output') === 'json') {
    const listed = firstProblems(problems);
    writeJson({ schema: 'reconcile.validation/1', hosts, left, leftUnlike, problems: listed, unreadableSecrets: unreadable });
  } else {
    const paint = paintFor(process.stdout);
    const verdict = isValid ? paint('green', 'Valid') : paint('red', `Invalid: ${count(problems.length, 'problem')}`);
    const lines = [...problemLines(firstProblems(problems), paint), `${verdict}, ${count(hosts.length, 'host')} compiled`];
    process.stdout.write(`${lines.join('\n')}\n`);
    for (const line of leftOfAnsible(revision.root, revision.files)) process.stderr.write(`${line}\n`);
    if (left > 0) {
      const unlike = leftUnlike > 0 ? `, and ${leftUnlike} of these differ from all that were in more than their names` : '';
      process.stderr.write(`${count(left, 'more host')} not compiled${unlike}; --host NAME checks one\n`);
    }
    if (unreadable > 0) {
      process.stderr.write(`${count(unreadable, 'use')} of secrets cannot be decrypted here; each host checks its own\n`);
    }
  }
  return isValid ? exitCodes.converged.code : exitCodes.invalid.code;
}
