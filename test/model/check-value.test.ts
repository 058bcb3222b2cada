import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkValue } from '../../src/model/check-value.ts';
import { Secret } from '../../src/model/secret.ts';

const misfits = (schema: z.ZodType, value: unknown) =>
  checkValue(schema, value).misfits.map(({ path, message, hint }) => [path.join('.'), message, hint].filter(Boolean).join(' | '));
const spec = z.strictObject({
  name: z.string(),
  count: z.number().int().min(1).max(9).optional(),
  mode: z.enum(['enforce', 'observe']).default('enforce'),
  items: z
    .array(z.strictObject({ path: z.string() }))
    .max(2)
    .default([]),
  limit: z.union([z.number().min(0), z.string().regex(/^\d+%$/, 'expected a percentage')]).optional(),
  check: z.union([z.strictObject({ http: z.strictObject({ url: z.string() }) }), z.strictObject({ tcp: z.string() })]).optional(),
  env: z.record(z.string().regex(/^[A-Z]+$/, 'expected a variable name'), z.string()).optional(),
});

describe('checkValue', () => {
  it('gives the value with its defaults where it fits', () => {
    expect(checkValue(spec, { name: 'a' })).toEqual({ value: { name: 'a', mode: 'enforce', items: [] }, misfits: [] });
  });

  it.each([
    [{}, ['name | "name" is missing']],
    [{ name: 1 }, ['name | expected a text, got a whole number | write it in quotes']],
    [{ name: true }, ['name | expected a text, got true | write it in quotes']],
    [{ name: null }, ['name | expected a text, got nothing']],
    [{ name: {} }, ['name | expected a text, got a mapping']],
    [{ name: Secret.of('hunter2') }, ['name | expected a text, got a secret']],
    [{ name: 'a', nmae: 1 }, ['nmae | unknown key "nmae" | did you mean "name"?']],
    [{ name: 'a', count: 1.5 }, ['count | expected a whole number, got a number']],
    [{ name: 'a', count: 0 }, ['count | expected a number of at least 1']],
    [{ name: 'a', count: 10 }, ['count | expected a number of at most 9']],
    [{ name: 'a', mode: 'obsrve' }, ['mode | expected one of enforce, observe | did you mean "observe"?']],
    [{ name: 'a', mode: 7 }, ['mode | expected one of enforce, observe']],
    [{ name: 'a', items: [{ path: 'x' }, { pth: 'y' }] }, ['items.1.pth | unknown key "pth" | did you mean "path"?']],
    [
      { name: 'a', items: [{ file: 'y' }] },
      ['items.0.path | "path" is missing', 'items.0.file | unknown key "file" | expected "path"'],
    ],
    [{ name: 'a', items: [1] }, ['items.0 | expected a mapping, got a whole number']],
    [{ name: 'a', items: [{ path: 'x' }, { path: 'x' }, { path: 'x' }] }, ['items | expected at most 2 items']],
    [{ name: 'a', limit: [] }, ['limit | expected a number or a text, got a list']],
    [{ name: 'a', limit: 'x' }, ['limit | expected a percentage']],
    [{ name: 'a', check: { http: { ulr: 'x' } } }, ['check.http.ulr | unknown key "ulr" | did you mean "url"?']],
    [{ name: 'a', check: { htpt: 1 } }, ['check.htpt | unknown key "htpt" | did you mean "http"?']],
    [{ name: 'a', check: { http: { url: 'x' }, tcp: 'y' } }, ['check | expected exactly one of http, tcp']],
    [{ name: 'a', check: {} }, ['check | expected exactly one of http, tcp']],
    [{ name: 'a', check: 'x' }, ['check | expected a mapping, got a text']],
    [{ name: 'a', env: { lower: 'x' } }, ['env.lower | expected a variable name']],
    ['text', [' | expected a mapping, got a text'.slice(3)]],
  ])('says what is wrong with %j', (value, expected) => {
    expect(misfits(spec, value)).toEqual(expected);
  });

  it('never quotes the value', () => {
    const everywhere = {
      name: ['hunter2'],
      mode: 'hunter2',
      limit: 'hunter2',
      check: 'hunter2',
      count: 'hunter2',
      items: 'hunter2',
    };

    expect(JSON.stringify(checkValue(spec, everywhere))).not.toContain('hunter2');
  });

  it('names every key of the branches of a union that were meant', () => {
    expect(misfits(spec, { name: 'a', check: { zzz: 1 } })).toEqual([
      'check.zzz | unknown key "zzz" | expected one of http, tcp',
    ]);
  });

  it('takes a missing value that only a refinement asks for as missing', () => {
    const refined = z.strictObject({ a: z.string().optional() }).refine(({ a }) => a, { message: 'a is needed', path: ['a'] });

    expect(checkValue(refined, {}).misfits).toEqual([
      { code: 'missing-key', path: ['a'], isKey: false, message: '"a" is missing' },
    ]);
  });
});
