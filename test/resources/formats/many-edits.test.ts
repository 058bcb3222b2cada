import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/model/json.ts';
import { editText } from '../../../src/resources/formats/edit-text.ts';
import { formatByName, type FormatName } from '../../../src/resources/formats/format-by-name.ts';
import { formatPath, leavesOf, parsePath, readText, type Format, type LeafPath } from '../../../src/resources/formats/format.ts';
import { documents } from './documents.ts';

const runs = process.env['LONG'] ? 5000 : 200;
const count = 60;
const numbers = Array.from({ length: count }, (_, i) => i);

const sections: { readonly [name in FormatName]: string } = {
  yaml: numbers.map((i) => `s${i}:\n  a: 1\n  b: 2\n`).join(''),
  json: JSON.stringify(Object.fromEntries(numbers.map((i) => [`s${i}`, { a: 1, b: 2 }])), null, 2),
  toml: numbers.map((i) => `[s${i}]\na = 1\nb = 2\n`).join(''),
  ini: numbers.map((i) => `[s${i}]\na = 1\nb = 2\n`).join(''),
  dotenv: numbers.map((i) => `s${i}=1\n`).join(''),
};

describe.each(Object.keys(documents) as FormatName[])('%s', (name) => {
  const isFlat = name === 'dotenv';
  const value = name === 'ini' || isFlat ? '7' : 7;
  const at = (section: string, key: string): LeafPath => (isFlat ? [section + key] : [section, key]);
  let parses = 0;
  const format: Format = {
    ...formatByName[name],
    open(text) {
      parses++;
      return formatByName[name].open(text);
    },
  };
  const editAtOnce = (edit: Parameters<typeof editText>[2]): string => {
    parses = 0;
    return editText(format, sections[name], edit);
  };

  it.each<[string, readonly LeafPath[]]>([
    ['that are there', numbers.map((i) => at(`s${i}`, isFlat ? '' : 'a'))],
    ['that are added to what is there', numbers.map((i) => at(`s${i}`, 'c'))],
    ['that are added to something new', numbers.map((i) => at('new', `k${i}`))],
    ['that are added in new places each', numbers.flatMap((i) => [at(`new${i}`, 'k')])],
  ])('many keys %s are set with a few parses', (_name, paths) => {
    const edited = editAtOnce({ set: paths.map((path) => [path, value]), unset: [] });

    expect(parses).toBeLessThan(8);
    const leaves = new Map(leavesOf(readText(format, edited)).map(([path, leaf]) => [formatPath(path), leaf]));
    expect(paths.filter((path) => leaves.get(formatPath(path)) !== value)).toEqual([]);
  });

  it('many keys are taken out with a few parses', () => {
    editAtOnce({ set: [], unset: numbers.slice(1).map((i) => at(`s${i}`, isFlat ? '' : 'a')) });

    expect(parses).toBeLessThan(8);
  });

  it('edits at once are as one after another', () => {
    const key = fc.constantFrom('alpha', 'beta', 'gamma');
    let newPath = fc.array(key, { minLength: 1, maxLength: name === 'toml' ? 2 : 3 });
    if (isFlat) newPath = key.map((only) => [only]);
    if (name === 'ini') newPath = fc.tuple(key, key);
    fc.assert(
      fc.property(
        documents[name].chain((mixed) => {
          const text = mixed.replaceAll('\r', '');
          const old = leavesOf(readText(format, text))
            .map(([path]) => path)
            .filter((path) => !path.includes(''));
          const path: fc.Arbitrary<LeafPath> = fc.oneof(newPath, ...(old.length > 0 ? [fc.constantFrom(...old)] : []));
          const set = fc.uniqueArray(path, { maxLength: 6, selector: formatPath });
          return fc.record({ text: fc.constant(text), set, unset: fc.array(path, { maxLength: 3 }) });
        }),
        ({ text, set, unset }) => {
          fc.pre(
            !set.some((path) => set.some((other) => other.length > path.length && path.every((key, i) => key === other[i]))),
          );
          const edit = { set: set.map((path, i): [LeafPath, Json] => [path, `v${i}`]), unset };
          const alone = one(text, edit);
          fc.pre(alone !== undefined);

          expect(editText(format, text, edit).replaceAll(/[ \t]+/g, ' ')).toBe(alone);
        },
      ),
      { numRuns: runs, seed: 20261122 },
    );
  });

  function one(text: string, { set, unset }: Parameters<typeof editText>[2]): string | undefined {
    try {
      const without = unset.reduce((edited, path) => editText(format, edited, { set: [], unset: [path] }), text);
      const after = set.reduce((edited, entry) => editText(format, edited, { set: [entry], unset: [] }), without);
      // Later edits take the style of earlier ones over.
      return after.replaceAll(/[ \t]+/g, ' ');
    } catch {
      return undefined;
    }
  }
});

it('a value that is empty at the end of an INI text becomes a list', () => {
  const set: [LeafPath, Json][] = [[['a'], ['x', '']]];

  expect(editText(formatByName.ini, 'a=', { set, unset: [] })).toBe('a=x\na=');
});

it('new TOML tables stand in the order in which they are given', () => {
  const paths = ['a.x.k', 'a.y.k', 'b.x.k', 'b.y.k', 'b.x.l'].map(parsePath);

  const edited = editText(formatByName.toml, '', { set: paths.map((path) => [path, 1]), unset: [] });

  expect(edited).toBe('[a.x]\nk = 1\n\n[a.y]\nk = 1\n\n[b.x]\nk = 1\nl = 1\n\n[b.y]\nk = 1\n');
});

it('a key that only a merge brings is set, and another below it', () => {
  const text = 'x: &x {a: {b: 1, c: 1}}\ny:\n  <<: *x\n  d: 1\n';
  const set = ['y.a.b', 'y.a.c'].map((path): [LeafPath, Json] => [parsePath(path), 2]);

  expect(editText(formatByName.yaml, text, { set, unset: [] })).toBe(`${text}  a:\n    b: 2\n    c: 2\n`);
});
