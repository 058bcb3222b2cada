import { runFor } from '../model/time-limit.ts';

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
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^(?:${source})`, flags?.[1] ?? '');
  } catch {
    return { fault: 'is not a regular expression' };
  }
  const found = runFor(timeLimit, () => names.filter((name) => pattern.test(name)));
  return found?.value ?? { fault: 'takes too long; repeated groups inside repeated groups are the usual cause' };
}
