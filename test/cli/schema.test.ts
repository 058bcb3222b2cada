import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { readFileSync, globSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { jsonSchemas } from '../../src/report/json-schemas.ts';
import { loadResourceTypes } from '../../src/resources/registry.ts';
import { runCli } from '../support/run-cli.ts';

const repository = new URL('../..', import.meta.url).pathname;
const schemas = jsonSchemas(await loadResourceTypes());
const compiled = new Map<string, ValidateFunction>();

function validator(name: string): ValidateFunction {
  const known = compiled.get(name);
  if (known) return known;
  const made = addFormats.default(new Ajv2020({ strict: false, allErrors: true })).compile({ ...schemas.get(name)! });
  compiled.set(name, made);
  return made;
}

describe('the JSON Schemas', () => {
  it.each([...schemas.keys()])('%s is a valid schema', (name) => {
    expect(() => validator(name)).not.toThrow();
  });

  it.each([
    ['site', 'desired-state/site.yaml'],
    ['policy', 'desired-state/policy.yaml'],
    ['rollout', 'desired-state/rollout.yaml'],
    ...globSync('*/role.yaml', { cwd: `${repository}roles` }).map((file) => ['role', `roles/${file}`] as const),
  ] as const)('%s accepts %s', (name, file) => {
    const validate = validator(name);

    validate(parse(readFileSync(`${repository}${file}`, 'utf8')));

    expect(validate.errors ?? []).toEqual([]);
  });

  it.each([
    [{ kind: 'file', path: '/x', content: 'a', mod: '0644' }, 'an unknown attribute'],
    [{ kind: 'file', path: 'x', content: 'a' }, 'a relative path'],
    [{ kind: 'file', path: '/x', content: 'a', on_drift: 'never' }, 'a word that is none'],
    [{ kind: 'fiel', path: '/x' }, 'an unknown kind'],
    [{ path: '/x' }, 'no kind'],
  ])('site refuses %j: %s', (resource: object, _why: string) => {
    expect(validator('site')({ assignments: [{ hosts: 'all', resources: [resource] }] })).toBe(false);
  });

  it('site accepts templates in the place of values', () => {
    const resource = { kind: 'file', path: '{{ home }}/x', content: 'a', mode: '{{ mode }}', create_only: '{{ once }}' };

    expect(validator('site')({ assignments: [{ hosts: 'all', resources: [resource] }] })).toBe(true);
  });
});

describe('schema', () => {
  it('lists every schema', () => {
    const { exit, stdout } = runCli(['schema']);

    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual([...schemas.keys()]);
    expect(exit).toBe(0);
  });

  it('prints one, a kind also by its own name', () => {
    expect(JSON.parse(runCli(['schema', 'file']).stdout)).toEqual(schemas.get('kind-file'));
  });

  it('names the nearest for a name that is none', () => {
    const { exit, stderr } = runCli(['schema', 'sitee']);

    expect(stderr).toContain('did you mean site?');
    expect(exit).toBe(64);
  });
});
