import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { jsonSchemas } from '../../src/report/json-schemas.ts';
import { loadResourceTypes } from '../../src/resources/registry.ts';
import type { LoadedFile } from '../../src/model/located.ts';
import { readYaml } from '../../src/source/yaml.ts';
import type { BadCase } from './bad-case.ts';
import { corpus } from './corpus.ts';

const schemas = jsonSchemas(await loadResourceTypes());
const schemaOf = (path: string): string | undefined =>
  /^roles\/.*\/(role)\.yaml$|^desired-state\/(\w+)\.yaml$/.exec(path)?.slice(1).join('');
const validators = new Map<string, ValidateFunction>(
  ['role', 'site', 'policy', 'rollout'].map((name) => [name, new Ajv2020({ strict: false }).compile(schemas.get(name)!)]),
);

/** What a document's own form shows; everything else needs other documents, the inventory or a rendered template. */
const isOfForm = (place: string): boolean => /^(?:unknown-key|missing-key|wrong-type|unknown-kind) /.test(place);

/** Rules that JSON Schema cannot say, or that hold only after a template is rendered. Each case that is not refused is here. */
const refinementOnly = new Set([
  'for_each over a text',
  'for_each over a number from a template',
  'on_drift from a template',
  'a file without content',
  'a file with two contents',
  'a path that climbs',
  'a path that climbs at its end',
  'a path with a dot',
  'a path of 5,000 characters',
  'a path with a name that no filesystem takes',
  'a path with the name of a staged file',
  'an owner beyond all ids',
  'a path that climbs by a template',
  'validate without the file',
  'a link without a target',
  'a cron job without a schedule',
  'a cron job without a command',
  'a command without a guard',
  'a command with two guards',
  'a command with a NUL',
  'a database of bad SQL',
  'a database that drops',
  'a database without a schema',
  'a package with a version of another one',
  'a package that is absent and has a version',
  'a key that is none',
  'a key with an unknown option',
  'a bake time beyond all dates',
  'two waves of one name',
]);

interface Readable {
  readonly name: string;
  readonly schema: string;
  readonly loaded: LoadedFile;
}

const readable = corpus.flatMap((each: BadCase): Readable[] => {
  if (!each.expected.every(isOfForm)) return [];
  return Object.entries(each.files).flatMap(([path, content]) => {
    const schema = schemaOf(path);
    const { loaded, problems } = readYaml(path, Buffer.from(content as string));
    const isItsOwn = each.expected.some((place) => place.includes(` ${path}:`));
    return schema && loaded && problems.length === 0 && isItsOwn ? [{ name: each.name, schema, loaded }] : [];
  });
});

describe('the JSON Schemas that editors use', () => {
  it('are tried with more than 100 bad documents', () => {
    expect(readable.length).toBeGreaterThan(100);
  });

  it.each(readable)('$schema refuses $name, or the rule is listed', ({ name, schema, loaded }) => {
    expect(validators.get(schema)?.(loaded.value ?? {})).toBe(refinementOnly.has(name));
  });

  it('no listed rule is unknown', () => {
    expect([...refinementOnly].filter((name) => !readable.some((each) => each.name === name))).toEqual([]);
  });
});
