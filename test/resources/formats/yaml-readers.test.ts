import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/model/json.ts';
import { editText } from '../../../src/resources/formats/edit-text.ts';
import { parsePath, readText } from '../../../src/resources/formats/format.ts';
import { yamlFormat } from '../../../src/resources/formats/yaml.ts';

const hasYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0;
if (!hasYaml) console.log('skipped: comparing with PyYAML needs python3-yaml');

/** What PyYAML loads from each text; an empty document is an empty mapping. Sets and tuples are lists. */
function load(texts: readonly string[]): unknown {
  const program =
    'import json, sys, yaml; print(json.dumps([yaml.safe_load(text) or {} for text in json.load(sys.stdin)], default=list))';
  const { stdout, stderr } = spawnSync('python3', ['-c', program], { input: JSON.stringify(texts), encoding: 'utf8' });
  return stdout === '' ? stderr : JSON.parse(stdout);
}

type Case = readonly [before: string, path: string, after: string, loaded: unknown];

const set = (text: string, path: string, value: Json): string =>
  editText(yamlFormat, text, { set: [[parsePath(path), value]], unset: [] });
const unset = (text: string, path: string): string => editText(yamlFormat, text, { set: [], unset: [parsePath(path)] });

describe('a value with a core tag gets a new value without it', () => {
  const cases: readonly (readonly [before: string, value: Json, after: string])[] = [
    ['a: !!int "30" # c\n', '30s', 'a: "30s" # c\n'],
    ['a: !!float 1.5\n', [], 'a: []\n'],
    ['a: !!bool yes\n', { b: 1 }, 'a:\n  b: 1\n'],
    ["a: !!null ''\n", 'x', "a: 'x'\n"],
    ['a: !!null\n', 'x', 'a: x\n'],
    ['a: !!map\n  b: 1\n', 5, 'a: 5\n'],
    ['a: !!map\n  b: 1\n', [1], 'a:\n  - 1\n'],
    ['a: !!str |\n  b\n', true, 'a: true\n'],
    ['a:\n  !!int 30\n', 'x', 'a:\n  x\n'],
    ['a: # c\n  !!int\n  30\n', 'x', 'a: # c\n  x\n'],
    ['{"a":!!int 3}\n', 'x', '{"a":x}\n'],
    ['a: !!set {b}\n', { b: null }, 'a:\n  b: null\n'],
    ['a: !!omap [b: 1]\n', [1], 'a:\n  - 1\n'],
    ['a: !<tag:yaml.org,2002:int> 3\n', 'x', 'a: x\n'],
  ];

  it.each(cases)('%j', (before, value, after) => {
    expect(set(before, 'a', value)).toBe(after);
  });

  it.skipIf(!hasYaml)('PyYAML reads what was written', () => {
    expect(load(cases.map(([, , after]) => after))).toEqual(cases.map(([, value]) => ({ a: value })));
  });
});

it.each<[text: string, value: Json, after: string]>([
  ['a: !!int "30s"\n', '30s', 'a: "30s"\n'],
  ['a: !!int 08\n', 8, 'a: 8\n'],
  ['a: !!bool y\n', true, 'a: true\n'],
  ['a: !!int []\n', [], 'a: []\n'],
  ['a: -.5\n', -0.5, 'a: -0.5\n'],
  ['a: +.5\n', 0.5, 'a: 0.5\n'],
  ['a: 0_\n', 0, 'a: 0\n'],
])('%j holds no value that can be wanted', (text, value, after) => {
  expect(set(text, 'a', value)).toBe(after);
});

it.each<[before: string, path: string, value: Json, after: string]>([
  ['a:\n  &x b: 1\nc: 1\n', 'c', { d: 1 }, 'a:\n  &x b: 1\nc:\n  d: 1\n'],
  ['a:\n  ? b\n  : 1\n', 'a.c', 2, 'a:\n  ? b\n  : 1\n  c: 2\n'],
  ['!!str 1: 1\n', 'a', 2, '!!str 1: 1\na: 2\n'],
])('%j: what stands before a key is no indentation', (before, path, value, after) => {
  expect(set(before, path, value)).toBe(after);
});

it('a number that the library cannot convert stands in nobody’s way', () => {
  expect(set('a: 1\nb: [0_, -0__]\n', 'a', 2)).toBe('a: 2\nb: [0_, -0__]\n');
  expect(() => set('a: 1\nb: 0x_\n', 'a', 2)).toThrow('not valid YAML at line 2, column 4');
});

describe('a key is taken out', () => {
  const cases: readonly Case[] = [
    ['# doc\nonly: 1\n...\n', 'only', '# doc\n{}\n...\n', {}],
    ['only:\r\n  b: 1\r\n...\r\n', 'only.b', '{}\r\n...\r\n', {}],
    ['--- !!map\nonly: 1', 'only', '--- !!map\n{}', {}],
    ['%YAML 1.1\n---\nonly: 1\n... # end\n', 'only', '%YAML 1.1\n---\n{}\n... # end\n', {}],
    ['%YAML 1.1\n--- # doc\nonly: 1\n', 'only', '%YAML 1.1\n--- # doc\n', {}],
    ['{only: 1}\n...\n', 'only', '{}\n...\n', {}],
    ['? only\n: 1\n...\n', 'only', '{}\n...\n', {}],
    ['{a: 1, ? k : v}\n', 'a', '{? k : v}\n', { k: 'v' }],
    ['{? a : 1, k: v}\n', 'a', '{k: v}\n', { k: 'v' }],
    ['{k: v, ? a\n  : 1}\n', 'a', '{k: v}\n', { k: 'v' }],
    ['{a: 1, &x k: v, l: *x}\n', 'a', '{&x k: v, l: *x}\n', { k: 'v', l: 'k' }],
    ['{a: 1, !!str 7: v}\n', 'a', '{!!str 7: v}\n', { 7: 'v' }],
    ['a: {only: 1}\nb: 2\n', 'a.only', 'b: 2\n', { b: 2 }],
    ['a: {? only : 1, b: {c: 1}}\n', 'a.only', 'a: {b: {c: 1}}\n', { a: { b: { c: 1 } } }],
    ['a:\n  ? only\n  : 1\n  b: 2\n', 'a.only', 'a:\n  b: 2\n', { a: { b: 2 } }],
  ];

  it.each(cases)('%j without %s', (before, path, after) => {
    expect(unset(before, path)).toBe(after);
  });

  it.skipIf(!hasYaml)('PyYAML reads what is left', () => {
    expect(load(cases.map(([, , after]) => after))).toEqual(cases.map(([, , , loaded]) => loaded));
  });
});

describe('merge keys', () => {
  const texts = [
    'x: &x {a: 1, b: 1}\ny: &y {a: 2}\nz:\n  <<: *x\n  <<: *y\n',
    'x: &x {a: 1, b: 1}\ny: &y {a: 2}\nz:\n  <<: [*y, *x]\n  c: 3\n',
    'x: &x {a: 1, b: 1}\ny: &y {a: 2, d: 4}\nz:\n  <<: *x\n  a: 5\n  <<: [*y, *x]\n',
  ];

  it.skipIf(!hasYaml)('bring what they bring for PyYAML', () => {
    expect(texts.map((text) => readText(yamlFormat, text))).toEqual(load(texts));
  });
});

it.each(['a: !ours [1]\n', 'a: !ours {b: 1}\n', 'a: !!set {b}\n'])('%j is not the list or mapping without its tag', (text) => {
  expect(typeof readText(yamlFormat, text)['a']).toBe('string');
});
