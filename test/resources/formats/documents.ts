import fc from 'fast-check';
import type { Json } from '../../../src/model/json.ts';
import type { FormatName } from '../../../src/resources/formats/format-by-name.ts';

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/).filter((text) => !['y', 'n', 'on', 'no', 'yes', 'off'].includes(text));
const words = fc.uniqueArray(word, { minLength: 1, maxLength: 4 });
const lineBreak = fc.constantFrom('\n', '\r\n');
/** As an editor leaves it: with or without the last line break, with or without a mark at the start. */
const ending = fc.constantFrom('full', 'bare', 'marked');

const finish = (text: string, end: string, lineBreak: string): string => {
  const broken = text.replaceAll('\n', lineBreak);
  if (end === 'bare') return broken.replace(/(\r?\n)+$/, '');
  return end === 'marked' ? `\uFEFF${broken}` : broken;
};

const finished = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, ending, lineBreak).map(([lines, end, br]) => finish(lines, end, br));

const noise = fc.constantFrom('', '', '', '\n', '# a comment\n', '\n# section\n\n');
const tail = fc.constantFrom('', '', '  # why', ' ');

/** Lines of one mapping with comments, blanks and every way of writing a value. */
function yamlMap(depth: number, indent: string): fc.Arbitrary<string> {
  const scalar = fc.constantFrom(
    '1',
    'text',
    "'it''s'",
    '"a \\" b"',
    'true',
    '~',
    '1.5',
    'a b c',
    'https://a.example/x',
    "'12:30'",
    '0755',
    'yes',
  );
  const value = (deeper: string): fc.Arbitrary<string> => {
    const inline = fc.tuple(scalar, tail).map(([text, end]) => ` ${text}${end}\n`);
    const others = [
      fc.constantFrom(' [1, two,  "three"]\n', ' {a: 1, b: {c: x} }  # flow\n', ' {}\n', ' []\n', '\n', '   # nothing\n'),
      fc.constantFrom(`\n${indent}- 1\n${indent}- b: 2\n${indent}  c: 3\n`, `\n${deeper}- x # item\n${deeper}- y\n`),
      fc.constantFrom(
        ` |\n${deeper}line\n${deeper} more\n`,
        ` >-\n${deeper}folded\n${deeper}text\n`,
        ` "two\n${deeper}lines"\n`,
        `\n${deeper}below\n`,
      ),
    ];
    const nested = fc
      .constantFrom('  ', '    ')
      .chain((unit) => fc.tuple(tail, yamlMap(depth - 1, indent + unit)).map(([end, map]) => `${end}\n${map}`));
    return depth > 0 ? fc.oneof(inline, inline, ...others, nested, nested) : fc.oneof(inline, ...others);
  };
  return words.chain((keys) =>
    fc
      .tuple(
        ...keys.map((key) =>
          fc.tuple(noise, fc.constantFrom(key, key, `"${key}"`), fc.constantFrom(':', ':', ' :'), value(`${indent}  `)),
        ),
      )
      .map((pairs) => pairs.map(([before, key, colon, text]) => `${before}${indent}${key}${colon}${text}`).join('')),
  );
}

const yaml = finished(
  fc
    .tuple(
      fc.constantFrom('', '---\n', '# head\n\n'),
      fc.oneof({ weight: 9, arbitrary: yamlMap(2, '') }, { weight: 1, arbitrary: fc.constantFrom('', '{}\n', '{a: 1}\n') }),
    )
    .map((parts) => parts.join('')),
);

const jsonValue: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.string({ maxLength: 5 }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 3, noNullPrototype: true },
    ),
  ),
})).value;
const json = fc
  .tuple(
    fc.dictionary(
      fc.string({ maxLength: 5 }).filter((key) => key !== '__proto__'),
      jsonValue,
      { minKeys: 1, maxKeys: 4, noNullPrototype: true },
    ),
    fc.constantFrom(2, 4, '\t', 0),
    ending,
    lineBreak,
  )
  .map(([value, indent, end, br]) => finish(`${JSON.stringify(value, null, indent)}\n`, end, br));

const tomlValue = fc.constantFrom(
  '1',
  '"text" # why',
  "'raw \\ text'",
  '[1, 2,\n  3, # three\n]',
  '{ a = 1, b = { c = "x" } }',
  '{}',
  '1.5',
  'true',
  '2026-01-01T10:00:00Z',
  '"""\nlong\n"""',
  '0xff',
);
const tomlLines = (keys: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...keys.map((key) =>
        fc.tuple(noise, fc.constantFrom(key, `"${key}"`, `${key}.sub`), fc.constantFrom(' = ', '=', '  =  '), tomlValue),
      ),
    )
    .map((lines) => lines.map(([before, key, equals, value]) => `${before}${key}${equals}${value}\n`).join(''));
const toml = finished(
  fc
    .tuple(
      words.chain(tomlLines),
      fc.uniqueArray(fc.constantFrom('[one]', '[two]', '[one.three]', '[two."x.y"]', '[[list]]'), { maxLength: 3 }),
      fc.array(words.chain(tomlLines), { minLength: 3, maxLength: 3 }),
    )
    .map(
      ([root, headers, bodies]) =>
        root.replace(/^("?)(one|two|list)\b/gm, '$1k$2') + headers.map((header, i) => `\n${header}\n${bodies[i]}`).join(''),
    ),
);

const iniValue = fc.constantFrom('1', 'text', '"quoted ; text"', 'a=b', '', '#fff ; c', 'x ; why', 'C:\\dir', '%(home)s/x');
const iniLines = (keys: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...keys.map(() =>
        fc.tuple(
          fc.constantFrom('', '', '\n', '; note\n', '# note\n'),
          fc.constantFrom(' = ', '=', ': '),
          iniValue,
          fc.boolean(),
        ),
      ),
    )
    .map((lines) =>
      lines.map(([before, equals, value, twice], i) => `${before}${keys[i]}${equals}${value}\n`.repeat(twice ? 2 : 1)).join(''),
    );
const ini = finished(
  fc
    .tuple(
      words.chain(iniLines),
      fc.uniqueArray(fc.constantFrom('[S one]', '[S-two] ; c', '[S.three]'), { maxLength: 3 }),
      fc.array(words.chain(iniLines), { minLength: 3, maxLength: 3 }),
    )
    .map(([root, headers, bodies]) => root + headers.map((header, i) => `\n${header}\n${bodies[i]}`).join('')),
);

const dotenvLine = fc
  .tuple(
    fc.constantFrom('', '', '\n', '# note\n'),
    fc.constantFrom('', 'export '),
    word,
    fc.constantFrom('1', '', 'a b', '"x # y" # z', "'it'", '"two\nlines"', 'v # why', 'a=b', '"a\\"b"', '${HOME}/x'),
  )
  .map(([before, exported, key, value]) => `${before}${exported}${key.toUpperCase()}=${value}\n`);
const dotenv = finished(fc.array(dotenvLine, { maxLength: 6 }).map((lines) => lines.join('')));

/** Random documents as people write them: comments, blank lines, odd spacing, every quoting, CRLF, byte order marks. */
export const documents: { readonly [name in FormatName]: fc.Arbitrary<string> } = { yaml, json, toml, ini, dotenv };
