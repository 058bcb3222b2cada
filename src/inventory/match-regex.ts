import { runInNewContext } from 'node:vm';
import { isObject } from '../model/json.ts';

const maxLength = 1000;
/** Milliseconds; an expression that needs longer for all names together backtracks without end. */
const timeLimit = 500;

/** The names that match a regular expression at their start, as Python's `re.match` would, or what is wrong with it. */
export function matchRegex(expression: string, names: readonly string[]): readonly string[] | { readonly fault: string } {
  if (expression.length > maxLength) return { fault: `is longer than ${maxLength} characters` };
  const flags = /^\(\?([ims]+)\)/.exec(expression);
  const source = expression
    .slice(flags?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, String.raw`\k<$1>`)
    .replace(/\\([AZ])/g, (_all, end) => (end === 'A' ? '^' : '$'));
  try {
    const pattern = new RegExp(`^(?:${source})`, flags?.[1] ?? '');
    // An expression cannot be interrupted but from outside, and this is the one way that takes no second thread.
    const found: unknown = runInNewContext('names.map((name) => pattern.test(name))', { pattern, names }, { timeout: timeLimit });
    return Array.isArray(found) ? names.filter((_name, index) => found[index] === true) : [];
  } catch (error) {
    // Not an instance of our `Error`: it comes from the other context.
    if (isObject(error) && error['code'] === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      return { fault: 'takes too long; repeated groups inside repeated groups are the usual cause' };
    }
    return { fault: 'is not a regular expression' };
  }
}
