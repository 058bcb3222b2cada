import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/model/problem.ts';
import { corpus } from './corpus.ts';
import { findProblems, placeOf, repositoryOf } from './find-problems.ts';

describe('the corpus of bad input', () => {
  it('has more than 200 cases, each with a name of its own', () => {
    expect(corpus.length).toBeGreaterThan(200);
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
  });

  it.each(corpus)('$name: every problem is listed at its place, in one line, and nothing else', (each) => {
    const problems = findProblems(repositoryOf(each));

    expect(problems.map(placeOf).sort(), problems.map(formatProblem).join('\n')).toEqual(each.expected);
    for (const { message } of problems) expect(message).toMatch(/^[^\p{Cc}]{5,600}$/u);
  });
});
