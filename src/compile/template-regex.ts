import { countWithin, runWithin, type TimeBudget } from '../model/time-limit.ts';
import { PatternFault } from '../model/python/reader.ts';
import { TemplateFailure } from './template-failure.ts';

/** Milliseconds that one expression, and all expressions of a compile together, may take. */
const longestMatch = 200;
const longestTotal = 1000;
/** Characters of a pattern and of a text that is searched. */
const longestPattern = 2000;
const longestSubject = 256 * 1024;
/** What a tame pattern does with so many characters is not worth being counted. */
const shortSubject = 200;

type RunRegex<Expression> = <T>(pattern: string, flags: string, subject: string, work: (expression: Expression) => T) => T;

/**
 * Runs regular expressions in bounded time: JavaScript's engine backtracks. `read` says what a pattern means; it throws a PatternFault or
 * a SyntaxError for what is none.
 */
export function createRegexRunner<Expression>(read: (pattern: string, flags: string) => Expression): RunRegex<Expression> {
  const compiled = new Map<string, Expression>();
  const budget: TimeBudget = { left: longestTotal };

  const compile = (pattern: string, flags: string): Expression => {
    const key = `${flags}/${pattern}`;
    const expression = compiled.get(key) ?? read(pattern, flags);
    if (compiled.size < 1000) compiled.set(key, expression);
    return expression;
  };

  const run: RunRegex<Expression> = (pattern, flags, subject, work) => {
    if (pattern.length > longestPattern) throw new TemplateFailure('the regular expression is too long', { code: 'too-large' });
    if (subject.length > longestSubject) throw new TemplateFailure('the text is too long to be searched', { code: 'too-large' });
    const expression = compile(pattern, flags);
    const isTameHere = isTame(pattern, subject);
    if (isTameHere && subject.length <= shortSubject) return work(expression);
    const done = isTameHere
      ? countWithin(budget, () => work(expression))
      : runWithin(budget, longestMatch, () => work(expression));
    if (done) return done.value;
    const message = budget.left > 0 ? 'the regular expression takes too long' : 'regular expressions take too long';
    throw new TemplateFailure(message, { code: 'too-large' });
  };

  return (pattern, flags, subject, work) => {
    try {
      return run(pattern, flags, subject, work);
    } catch (error) {
      if (error instanceof PatternFault) throw new TemplateFailure(`bad regular expression: ${error.message}`);
      if (!(error instanceof SyntaxError)) throw error;
      throw new TemplateFailure(`bad regular expression: ${error.message.split(': ').at(-1)}`);
    }
  };
}

/** One repetition without alternatives, or a few alternatives without a repetition: quadratic at worst. A watchdog costs far more. */
function isTame(pattern: string, subject: string): boolean {
  const repetitions = pattern.match(/[*+?{]/g)?.length ?? 0;
  const alternatives = pattern.match(/\|/g)?.length ?? 0;
  return subject.length <= 2000 && (repetitions === 0 ? alternatives <= 3 : repetitions === 1 && alternatives === 0);
}
