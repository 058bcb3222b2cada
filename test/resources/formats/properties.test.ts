import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/model/json.ts';
import { formatPath, leavesOf, readText, valueAt, type Format, type LeafPath } from '../../../src/resources/formats/format.ts';
import { formatByName, type FormatName } from '../../../src/resources/formats/format-by-name.ts';
import { editText } from '../../../src/resources/formats/edit-text.ts';
import { carryKeys } from '../../../src/resources/carry-keys.ts';
import { documents } from './documents.ts';

const runs = process.env['LONG'] ? 5000 : 200;
const formats = Object.keys(documents) as FormatName[];
const values: { readonly [name in FormatName]: fc.Arbitrary<Json> } = (() => {
  const text = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 8 }).filter((value) => value.isWellFormed() && !value.includes('\0')),
    fc.constantFrom(
      'yes',
      'on',
      'y',
      'null',
      '~',
      '12:30',
      '0777',
      '1_000',
      '1e3',
      'e0',
      '0x1f',
      '2026-01-01',
      '- a',
      'a: b',
      'a #b',
      '',
      ' x ',
      '.inf',
      '08',
    ),
    fc.constantFrom('two\nlines', 'two\nlines\n', 'a\n\nb\n', ' led\nby a blank', 'tab\there\nx', 'quote\'s "both" \\ $HOME `x`'),
  );
  const scalar = fc.oneof(text, fc.boolean(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  const list = fc.oneof(
    fc.array(scalar, { maxLength: 3 }),
    fc.array(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), scalar, { maxKeys: 2, noNullPrototype: true }), { maxLength: 2 }),
  );
  const line = fc.string({ maxLength: 12 }).filter((value) => !/[\r\n\0]/.test(value));
  return {
    yaml: fc.oneof(scalar, list, fc.constant(null)),
    json: fc.oneof(scalar, list, fc.constant(null)),
    toml: fc.oneof(scalar, list),
    ini: fc.oneof(line, fc.integer(), fc.boolean(), fc.array(line, { minLength: 1, maxLength: 3 })),
    dotenv: fc.oneof(text, fc.integer(), fc.boolean()).filter(isEnvironmentValue),
  };
})();

function isEnvironmentValue(value: Json): boolean {
  try {
    formatByName.dotenv.fit(['A'], value);
    return true;
  } catch {
    return false;
  }
}

const newPath = (name: FormatName): fc.Arbitrary<LeafPath> => {
  const key = fc.constantFrom('alpha', 'beta', 'new_key', 'x.y', 'with space', 'on', '7', 'ключ');
  const plain = fc.constantFrom('alpha', 'beta', 'new_key', 'Z9');
  if (name === 'dotenv') return plain.map((only) => [only]);
  if (name === 'ini') return fc.tuple(plain, plain).map((path) => path);
  return fc.array(key, { minLength: 1, maxLength: 3 });
};

/** A text with an edit that leads to a leaf of it, or to a new one. */
const cases = (name: FormatName): fc.Arbitrary<{ text: string; path: LeafPath; value: Json }> =>
  documents[name].chain((text) => {
    const leaves = leavesOf(readText(formatByName[name], text))
      .map(([path]) => path)
      .filter(([first]) => first !== 'list');
    const old = leaves.length > 0 ? [fc.constantFrom(...leaves)] : [];
    return fc.tuple(fc.oneof(newPath(name), ...old), values[name]).map(([wanted, given]) => {
      const [path, value] = formatByName[name].fit(wanted, given);
      return { text, path, value };
    });
  });

/** A key that a document with keys lacks, in a mapping that has keys. */
const newLeaves = (name: FormatName): ReturnType<typeof cases> =>
  cases(name).filter(({ text, path }) => {
    const tree = readText(formatByName[name], text);
    const parents = path.map((_key, i) => valueAt(tree, path.slice(0, i)));
    return (
      parents.every((parent) => parent === undefined || leavesOf(parent as JsonObject).length > 0) &&
      valueAt(tree, path) === undefined
    );
  });

const others = (tree: JsonObject, path: LeafPath): readonly string[] =>
  leavesOf(tree)
    .filter(([leaf]) => !leaf.every((key, i) => i >= path.length || path[i] === key))
    .map(([leaf, value]) => `${formatPath(leaf)}=${JSON.stringify(value)}`)
    .sort();

/** People write what an edit does not: what JSON has no form for, what readers of a file understand differently. */
function canBeWritten(format: Format, path: LeafPath, value: Json | undefined): boolean {
  try {
    if (value !== undefined) editText(format, '', { set: [[path, value]], unset: [] });
    return !/"!![a-z]+ /.test(JSON.stringify(value ?? null));
  } catch {
    return false;
  }
}

describe.each(formats)('%s', (name) => {
  const format = formatByName[name];

  it('gives the value back that an edit wrote, leaves all else, and a second edit changes nothing', () => {
    fc.assert(
      fc.property(cases(name), ({ text, path, value }) => {
        const edited = editText(format, text, { set: [[path, value]], unset: [] });

        const tree = readText(format, edited);
        expect(JSON.stringify(valueAt(tree, path))).toBe(JSON.stringify(value));
        expect(others(tree, path)).toEqual(others(readText(format, text), path));
        expect(editText(format, edited, { set: [[path, value]], unset: [] })).toBe(edited);
      }),
      { numRuns: runs },
    );
  });

  it('adds a new key at one place, all bytes before and after it as they were', () => {
    fc.assert(
      fc.property(newLeaves(name), ({ text, path, value }) => {
        const edited = editText(format, text, { set: [[path, value]], unset: [] });

        let same = 0;
        while (same < text.length && text[same] === edited[same]) same++;
        expect(edited.endsWith(text.slice(same))).toBe(true);
      }),
      { numRuns: runs },
    );
  });

  it('restores the bytes when a new key is taken out again', () => {
    fc.assert(
      fc.property(newLeaves(name), ({ text, path, value }) => {
        const edited = editText(format, text, { set: [[path, value]], unset: [] });

        expect(editText(format, edited, { set: [], unset: [path] })).toBe(text);
      }),
      { numRuns: runs },
    );
  });

  it('removes any leaf and leaves the others', () => {
    fc.assert(
      fc.property(cases(name), ({ text, path }) => {
        const before = readText(format, text);
        fc.pre(valueAt(before, path) !== undefined);
        const edited = editText(format, text, { set: [], unset: [path] });

        expect(valueAt(readText(format, edited), path)).toBeUndefined();
      }),
      { numRuns: runs },
    );
  });

  it('an edit is told from what others have written, and is taken back without that', () => {
    fc.assert(
      fc.property(cases(name), newPath(name), ({ text, path, value }, wanted) => {
        const bytes = Buffer.from(text);
        const names = { format: name, keys: [formatPath(path)] };
        const [other, theirs] = format.fit(wanted.with(0, 'theirs'), '7');
        const before = valueAt(readText(format, text), path);
        fc.pre(valueAt(readText(format, text), other) === undefined && canBeWritten(format, path, before));
        const edited = editText(format, text, { set: [[path, value]], unset: [] });
        const written = editText(format, edited, { set: [[other, theirs]], unset: [] });

        expect(carryKeys(names, Buffer.from(edited), bytes).toString()).toBe(edited);
        expect(carryKeys(names, Buffer.from(written), bytes).toString()).toBe(edited);
        const taken = readText(format, carryKeys(names, bytes, Buffer.from(written)).toString());
        expect(valueAt(taken, path)).toEqual(before);
        expect(others(taken, path)).toEqual(others(readText(format, written), path));
      }),
      { numRuns: runs },
    );
  });

  it('never fails on hostile bytes but by refusing them', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 60 }),
          documents[name].map((text) => text.slice(0, text.length / 2)),
        ),
        (text) => {
          try {
            readText(format, text);
          } catch (error) {
            expect((error as Error).constructor.name).toBe('UnreadableText');
          }
        },
      ),
      { numRuns: runs },
    );
  });
});
