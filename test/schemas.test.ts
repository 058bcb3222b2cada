import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { jsonSchemas } from '../src/report/json-schemas.ts';
import { loadResourceTypes } from '../src/resources/registry.ts';

const directory = new URL('../schemas/', import.meta.url).pathname;
const wanted = new Map(
  [...jsonSchemas(await loadResourceTypes())].map(([name, schema]) => [
    `${name}.schema.json`,
    `${JSON.stringify(schema, null, 2)}\n`,
  ]),
);

if (process.env['UPDATE'] === '1') {
  mkdirSync(directory, { recursive: true });
  for (const [file, text] of wanted) writeFileSync(directory + file, text);
}

it.each([...wanted])('schemas/%s is what the code says (UPDATE=1 rewrites it)', (file, text) => {
  expect(readFileSync(directory + file, 'utf8')).toBe(text);
});

it('schemas/ holds nothing else but what they mean', () => {
  expect(readdirSync(directory).sort()).toEqual([...wanted.keys(), 'README.md'].sort());
});
