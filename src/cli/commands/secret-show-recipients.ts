import { readRecipients } from '../../inventory/edit-secrets.ts';
import { exitCodes } from '../../model/exit-code.ts';
import { paintFor } from '../../report/paint.ts';
import { printableLine } from '../../report/printable.ts';
import { problemLines } from '../../report/render-text.ts';
import { openWorkingTree } from '../../source/working-tree.ts';
import type { Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';

/** Prints one recipient per line with its comment; what is wrong with the file goes to standard error, exit 65. */
export async function run(invocation: Invocation): Promise<number> {
  const { recipients, problems } = await readRecipients(openWorkingTree(sourceOption(invocation)).files);
  for (const { key, comment } of recipients) process.stdout.write(`${key}${comment ? `  ${printableLine(comment)}` : ''}\n`);
  for (const line of problemLines(problems, paintFor(process.stderr))) process.stderr.write(`${line}\n`);
  return problems.length > 0 ? exitCodes.invalid.code : exitCodes.converged.code;
}
