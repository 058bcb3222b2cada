import { resolve } from 'node:path';
import { explain } from '../../operations/explain.ts';
import { idIn } from '../../model/catalog.ts';
import { exitCodes } from '../../model/exit-code.ts';
import { nearest } from '../../model/nearest.ts';
import { paintFor } from '../../report/paint.ts';
import { printableLine } from '../../report/printable.ts';
import { renderExplanation } from '../../report/render-explanation.ts';
import { problemLines } from '../../report/render-text.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { makeRequest } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Explains a resource by address, or everything that manages a path. */
export async function run(invocation: Invocation): Promise<number> {
  const given = invocation.arguments[0]!;
  const target = given.startsWith('/') ? resolve(given) : given;
  const { explanations, isExact, known, problems } = await explain(
    await makeRequest(invocation, 'check', true),
    target,
    invocation.signal,
  );
  for (const line of problemLines(problems, paintFor(process.stderr))) process.stderr.write(`${line}\n`);
  if (explanations.length === 0 && problems.length > 0) return exitCodes.invalid.code;
  const ids = known.map(idIn);
  const close = isExact && explanations.length > 0 ? undefined : nearest(target, [...known, ...ids]);
  const nothing = `nothing manages ${target} on this host`;
  if (explanations.length === 0) {
    throw new ExitError(
      'usage',
      nothing,
      close ? `did you mean ${close}?` : `name a path or an address${known.length > 0 ? `, such as ${known[0]}` : ''}`,
    );
  }
  if (textOption(invocation, 'output') === 'json') writeJson(explanations);
  else {
    const paint = paintFor(process.stdout);
    const head = isExact ? '' : `${printableLine(nothing)}${close ? `; did you mean ${close}?` : '.'} Above it stands:\n\n`;
    process.stdout.write(head + explanations.map((explanation) => renderExplanation(explanation, paint)).join('\n'));
  }
  return problems.length > 0 ? exitCodes.invalid.code : exitCodes.converged.code;
}
