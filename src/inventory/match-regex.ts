import { readPythonPattern } from '../model/python/pattern.ts';
import { PatternFault } from '../model/python/reader.ts';
import { runWithin, type TimeBudget } from '../model/time-limit.ts';

const maxLength = 1000;
/** Milliseconds; an expression that needs longer for all names together backtracks without end. */
const timeLimit = 500;

/** The names that a regular expression of Python's matches at their start, or what is wrong with it. `budget` is that of the inventory. */
export function matchRegex(
  expression: string,
  names: readonly string[],
  budget: TimeBudget,
): readonly string[] | { readonly fault: string } {
  if (expression.length > maxLength) return { fault: `is longer than ${maxLength} characters` };
  try {
    const pattern = readPythonPattern(expression, '');
    const found = runWithin(budget, timeLimit, () => names.filter((name) => pattern.matchStart(name) !== undefined));
    return found?.value ?? { fault: 'takes too long; repeated groups inside repeated groups are the usual cause' };
  } catch (error) {
    if (error instanceof PatternFault) return { fault: `is not a regular expression: ${error.message}` };
    if (error instanceof SyntaxError || error instanceof RangeError)
      return { fault: 'is a regular expression that is too large' };
    throw error;
  }
}
