import fc from 'fast-check';

const atoms = String.raw`a b c . \d \w \s \W [ab] [^a] []a] [^\W\d] [a-c_-] \n é \x61 1 \S K ſ \. [à-ö] \061 [k-s] { {1 \1`.split(
  ' ',
);
const openings = '( ( ( (?: (?: (?= (?! (?<= (?<! (?> (?i: (?-i: (?s: (?m: (?a: (?x:'.split(' ');
const repetitions = '* + ? {2} {,2} {1,} *? +? ?? {0,1}?'.split(' ');

const { pattern } = fc.letrec<{ pattern: string; item: string }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 2 },
    { weight: 1, arbitrary: fc.constantFrom('^', '$', '\\b', '\\B', '\\A', '\\Z', ' ', '') },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...atoms), fc.constantFrom('', '', '*+', '++', '?+', ...repetitions))
        .map((parts) => parts.join('')),
    },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...openings), tie('pattern'), fc.constantFrom('', '', '', ...repetitions))
        .map(([opening, inside, repetition]) => `${opening}${inside})${repetition}`),
    },
  ),
  pattern: fc
    .array(
      fc.array(tie('item'), { minLength: 1, maxLength: 3 }).map((items) => items.join('')),
      { minLength: 1, maxLength: 2 },
    )
    .map((branches) => branches.join('|')),
}));

/** The same patterns each time. */
export const generatedPatterns: readonly (readonly [pattern: string, flags: string])[] = fc.sample(
  fc.tuple(
    fc.tuple(fc.constantFrom('', '', '(?i)', '(?m)', '(?x)', '(?s)', '(?a)'), pattern).map((parts) => parts.join('')),
    fc.constantFrom('', 'i', 'm', 'im'),
  ),
  { seed: 3, numRuns: 1000 },
);

export const shortTexts = [
  '',
  'ab',
  'abc\n',
  'aab bca\nb1',
  'é1 à\n\nab',
  'Kk sSſ',
  'a\r\nb',
  '\u2028a\u00a0b',
  'ABCabc',
  '{a}]1',
] as const;
