import type { Problem } from './problem.ts';

/** Nobody reads more, and whoever writes a repository must not decide how much this program prints. */
const mostProblems = 500;

/** The first problems, and where there are more a last one that counts them. */
export function firstProblems(problems: readonly Problem[]): readonly Problem[] {
  const rest = problems.length - mostProblems;
  if (rest <= 0) return problems;
  const last: Problem = { code: 'too-large', message: `${rest} more problems are not listed` };
  return [...problems.slice(0, mostProblems), last];
}
