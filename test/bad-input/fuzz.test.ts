import fc from 'fast-check';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { loadDocuments } from '../../src/source/load.ts';
import { readYaml } from '../../src/source/yaml.ts';
import { memoryTree } from '../inventory/memory-tree.ts';
import { findProblems } from './find-problems.ts';

const repository = new URL('../..', import.meta.url).pathname;
const documents = globSync(['desired-state/*.yaml', 'roles/*/role.yaml', 'inventory/**/*.yml'], { cwd: repository }).sort();
const good = Object.fromEntries(documents.map((path) => [path, readFileSync(join(repository, path), 'utf8')]));
const runs = process.env['LONG'] === '1' ? 20_000 : 80;
/** Of all of them; so many take a quarter of an hour. Milliseconds. */
const timeout = 3_600_000;

const path = fc.constantFrom(...documents);
const fragment = fc.oneof(
  fc.constantFrom(
    '\t',
    '\0',
    '\r',
    ': ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '&a ',
    '*a ',
    '!x ',
    '|\n',
    '<<: *a',
    '#',
    '%',
    '---\n',
  ),
  fc.constantFrom(
    '{{ ',
    ' }}',
    '{% if %}',
    '{{ nowhere }}',
    '../',
    '__proto__: 1\n',
    'null',
    '0644',
    '~',
    '1e999',
    '\uD800',
    '\uFEFF',
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const edit = fc.record({ at: fc.nat(100_000), remove: fc.nat(30), insert: fragment });

function edited(
  text: string,
  edits: readonly { readonly at: number; readonly remove: number; readonly insert: string }[],
): string {
  return edits.reduce((before, { at, remove, insert }) => {
    const index = at % (before.length + 1);
    return before.slice(0, index) + insert + before.slice(index + remove);
  }, text);
}

/** The value with one of its parts, chosen by `choice`, in the place of another. */
function replaced(value: unknown, choice: number, part: unknown): unknown {
  if (typeof value !== 'object' || value === null || choice % 4 === 0) return part;
  const keys = Object.keys(value);
  const key = keys[choice % Math.max(1, keys.length)];
  if (key === undefined) return part;
  const inner = replaced((value as Record<string, unknown>)[key], Math.floor(choice / 4), part);
  return Array.isArray(value)
    ? value.map((item: unknown, index) => (String(index) === key ? inner : item))
    : { ...value, [key]: inner };
}

describe('a repository with random damage', { timeout }, () => {
  it('consists of documents that are in order before', () => {
    expect(documents.length).toBeGreaterThan(8);
    expect(loadDocuments(memoryTree(good)).problems).toEqual([]);
  });

  it('is read without throwing, and every problem is at a place that exists', () => {
    const damage = fc.tuple(path, fc.array(edit, { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(damage, ([file, edits]) => {
        const text = edited(good[file] ?? '', edits);
        const loaded = loadDocuments(memoryTree({ ...good, [file]: text }));
        const lines = text.split('\n');

        for (const { at } of [...loaded.problems, ...readInventory(loaded.inventory).problems]) {
          if (at?.file !== file) continue;
          expect(at.line).toBeLessThanOrEqual(lines.length);
          expect(at.column).toBeLessThanOrEqual((lines[at.line - 1]?.length ?? 0) + 1);
        }
      }),
      { numRuns: runs },
    );
  });

  it('is compiled without throwing', () => {
    const damage = fc.tuple(path, fc.nat(), fc.anything({ maxDepth: 2, withNullPrototype: false }));
    fc.assert(
      fc.property(damage, ([file, choice, part]) => {
        const value = replaced(readYaml(file, Buffer.from(good[file] ?? ''), { version: '1.1' }).loaded?.value, choice, part);
        const problems = findProblems({ ...good, [file]: stringify(value) ?? '' });

        for (const { message } of problems) expect(message.length).toBeGreaterThan(4);
      }),
      { numRuns: runs / 10 },
    );
  });

  it('is read in whatever bytes it comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('1.1' as const, '1.2' as const), (bytes, version) => {
        const { loaded, problems } = readYaml('x.yaml', bytes, { version });

        expect(loaded !== undefined || problems.length > 0).toBe(true);
        expect(() => JSON.stringify(loaded?.value)).not.toThrow();
      }),
      { numRuns: runs * 10 },
    );
  });
});
