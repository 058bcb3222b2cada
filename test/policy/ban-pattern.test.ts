import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBanPattern } from '../../src/policy/ban-pattern.ts';

const compile = (pattern: string): RegExp => {
  const read = readBanPattern(pattern);
  if (!('expression' in read)) throw new Error(`${pattern} ${read.fault}`);
  return read.expression;
};

describe('readBanPattern', () => {
  it.each([
    ['anthropic', 'x ANTHROPIC y', true],
    ['anthropic/claude-.*', 'anthropic/claude-opus', true],
    ['\\b(opus|sonnet|haiku)\\b', 'model: Sonnet', true],
    ['\\b(opus|sonnet|haiku)\\b', 'magnum_opuses', false],
    ['api\\.anthropic\\.com', 'api-anthropic-com', false],
    ['claude-(?!shannon)', 'claude-shannon', false],
    ['ANTHROPIC_(API_KEY|TOKEN)', 'anthropic_token=', true],
    ['mi ?mo[- ]v2', 'MiMo V2 Pro', true],
    ['[a-z]{3}-gpt', 'foo-gpt', true],
    ['\\x61nthropic', 'anthropic', true],
    ['a{2,}b', 'aaab', true],
    ['(ab){2}', 'ABAB', true],
    ['x(yz)?w', 'xw', true],
    ['^provider: x$', 'model: y\nprovider: x\r\nport: 1', true],
    ['^provider: x$', 'model: y\n# provider: x', false],
    ['[\\w\\-.]{2}\\/\\x61', 'b-/a', true],
  ])('%s against "%s"', (pattern, text, expected) => {
    expect(compile(pattern).test(text)).toBe(expected);
  });

  it.each([
    '',
    ' ',
    'a(',
    'a)',
    '[a',
    'a**',
    '*a',
    '(a+)+b',
    '(a|a)*b',
    '(a|ab){1,9}c',
    'a.*b.*c',
    '(?:a?){40}b',
    'a?a?a?a?a?a?a?a?a?a?a?a?b',
    '(a)\\1',
    '(?<n>a)\\k<n>',
    'x?',
    'a|',
    '(?=a)',
    'a{9999}',
    'a'.repeat(300),
    '('.repeat(20) + 'a' + ')'.repeat(20),
    '(a{1,9}){1,9}c',
    '\\u{61}nthropic',
    '\\Aanthropic',
    'anthropic\\Z',
    '[\\h-]anthropic',
  ])('%s is refused', (pattern) => {
    expect(readBanPattern(pattern)).toHaveProperty('fault');
  });

  it('any pattern is either refused or searches 200 KB in bounded time', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '(',
      ')',
      '(?:',
      '|',
      '*',
      '+',
      '?',
      '{0,9}',
      '{2,}',
      '\\w',
      '\\b',
      '^',
      '$',
    );
    const texts = ['a'.repeat(200_000), 'ab'.repeat(100_000), `${'a'.repeat(199_999)}!`];

    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
        const read = readBanPattern(pieces.join(''));
        if (!('expression' in read)) return;
        const before = process.threadCpuUsage();
        for (const text of texts) read.expression.test(text);
        // A machine that others use takes up to twice the processor time, too.
        expect(process.threadCpuUsage(before).user).toBeLessThan(10_000_000);
      }),
      { numRuns: 300 },
    );
  }, 120_000);
});
