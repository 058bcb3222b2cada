import { runFor } from '../model/time-limit.ts';
import { TemplateFailure } from './template-failure.ts';

/** Milliseconds that one expression, and all expressions of a compile together, may take. */
const longestMatch = 200;
const longestTotal = 1000;
/** Characters of a pattern and of a text that is searched. */
const longestPattern = 2000;
const longestSubject = 256 * 1024;

type RunRegex = <T>(pattern: string, flags: string, subject: string, work: (expression: RegExp) => T) => T;

/**
 * Runs regular expressions that people wrote for Python, in bounded time: JavaScript's engine backtracks.
 */
export function createRegexRunner(): RunRegex {
  const compiled = new Map<string, RegExp>();
  let left = longestTotal;

  const compile = (pattern: string, flags: string): RegExp => {
    const key = `${flags}/${pattern}`;
    const expression = compiled.get(key) ?? toExpression(pattern, flags);
    if (compiled.size < 1000) compiled.set(key, expression);
    expression.lastIndex = 0;
    return expression;
  };

  return (pattern, flags, subject, work) => {
    if (pattern.length > longestPattern) throw new TemplateFailure('the regular expression is too long', { code: 'too-large' });
    if (subject.length > longestSubject) throw new TemplateFailure('the text is too long to be searched', { code: 'too-large' });
    const expression = compile(pattern, flags);
    if (isTame(pattern, subject)) return work(expression);
    if (left <= 0) throw new TemplateFailure('regular expressions take too long', { code: 'too-large' });
    const done = runFor(longestMatch, () => {
      expression.lastIndex = 0;
      return work(expression);
    });
    left -= done?.milliseconds ?? longestMatch;
    if (done) return done.value;
    throw new TemplateFailure('the regular expression takes too long', { code: 'too-large' });
  };
}

/** One repetition without alternatives, or a few alternatives without a repetition: quadratic at worst. A watchdog costs far more. */
function isTame(pattern: string, subject: string): boolean {
  const repetitions = pattern.match(/[*+?{]/g)?.length ?? 0;
  const alternatives = pattern.match(/\|/g)?.length ?? 0;
  return subject.length <= 2000 && (repetitions === 0 ? alternatives <= 3 : repetitions === 1 && alternatives === 0);
}

/** From Python's dialect: named groups, `\A`, `\Z`, flags at the start. */
function toExpression(pattern: string, flags: string): RegExp {
  const inline = /^\(\?([aimsux]+)\)/.exec(pattern);
  const body = pattern
    .slice(inline?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/\\([\s\S])/g, (escape, letter) => (letter === 'A' ? '(?<![\\s\\S])' : letter === 'Z' ? '(?![\\s\\S])' : escape));
  const all = new Set(flags + (inline?.[1] ?? '').replace(/[aux]/g, ''));
  for (const unicode of ['u', '']) {
    try {
      return new RegExp(body, [...all, unicode].join(''));
    } catch (error) {
      // Python allows escapes of ordinary characters, which the Unicode mode refuses.
      if (unicode === '') throw new TemplateFailure(`bad regular expression: ${(error as Error).message.split(': ').at(-1)}`);
    }
  }
  throw new TemplateFailure('bad regular expression');
}

/** Python's `\1`, `\g<1>` and `\g<name>` in a replacement, filled from one match. */
export function fillReplacement(replacement: string, match: RegExpMatchArray): string {
  return replacement.replace(/\\(?:(\d{1,2})|g<(\w{1,64})>|([\s\S]))/g, (_whole, index, name, letter) => {
    if (letter !== undefined) return letter === 'n' ? '\n' : letter === 't' ? '\t' : letter === '\\' ? '\\' : `\\${letter}`;
    const group = index ?? name;
    if (!/^\d+$/.test(group)) return match.groups?.[group] ?? unknownGroup(group);
    return Number(group) < match.length ? (match[Number(group)] ?? '') : unknownGroup(group);
  });
}

function unknownGroup(group: string): never {
  throw new TemplateFailure(`the regular expression has no group "${group}"`);
}
