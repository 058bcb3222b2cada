import { firstProblems } from '../model/first-problems.ts';
import type { Problem } from '../model/problem.ts';
import { paintFor } from '../report/paint.ts';
import { problemLines } from '../report/render-text.ts';
import { ExitError } from '../model/exit-error.ts';

/** Ends a fleet command before it reaches a host where there are problems, with all of them. */
export function touchNoHost(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const lines = problemLines(firstProblems(problems), paintFor(process.stderr));
  const isOfFew = problems.every(({ onlyOn }) => onlyOn !== undefined);
  const hint = isOfFew ? '--limit leaves these hosts out' : 'reconcile validate checks everything else, too';
  throw new ExitError('invalid', `no host was touched:\n${lines.join('\n')}`, hint);
}
