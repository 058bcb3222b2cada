import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/problem.ts';
import { readYaml } from '../../src/source/yaml.ts';

const read = (text: string, version: '1.1' | '1.2' = '1.2') => readYaml('a.yaml', Buffer.from(text), { version });
const value = (text: string, version: '1.1' | '1.2' = '1.2') => {
  const { loaded, problems } = read(text, version);
  expect(problems).toEqual([]);
  return loaded?.value;
};
const place = ({ code, at }: Problem) => `${code} ${at?.line}:${at?.column}`;
const places = (text: string | Uint8Array, version: '1.1' | '1.2' = '1.2') =>
  readYaml('a.yaml', Buffer.from(text as string), { version }).problems.map(place);

describe('readYaml', () => {
  it.each([
    ['no', false],
    ['Yes', true],
    ['off', false],
    ['y', 'y'],
    ['~', null],
    ['', null],
    ['0644', 420],
    ['08', '08'],
    ['0o17', '0o17'],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['-12', -12],
    ['12:30', 750],
    ['1:30.5', 90.5],
    ['01:30', '01:30'],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['1e3', '1e3'],
    ['1.0e+3', 1000],
    ['1.2.3', '1.2.3'],
    ['2026-11-20', '2026-11-20'],
    ['2026-11-20 10:00:00', '2026-11-20 10:00:00'],
    ['"no"', 'no'],
    ["'0644'", '0644'],
    ['!!str 0644', '0644'],
    ['!!int "12"', 12],
    ['192.0.2.1', '192.0.2.1'],
    ['-', [null]],
  ])('reads %j as PyYAML does in version 1.1', (text, expected) => {
    expect(value(`a: ${text}\n`.replace('a: -\n', 'a:\n-\n'), '1.1')).toEqual({ a: expected });
  });

  it.each([
    ['no', 'no'],
    ['on', 'on'],
    ['true', true],
    ['null', null],
    ['0644', 644],
    ['0o644', 420],
    ['0x1f', 31],
    ['1_000', '1_000'],
    ['12:30', '12:30'],
    ['1e3', 1000],
    ['-0', 0],
    ['1.', 1],
    ['2026-11-20', '2026-11-20'],
    ['9007199254740991', 9007199254740991],
  ])('reads %j by the core schema in version 1.2', (text, expected) => {
    expect(value(`a: ${text}\n`)).toEqual({ a: expected });
  });

  it.each([
    ['a: "{{ x |\n  y\n}}"\nb: 1\n', { a: '{{ x | y }}', b: 1 }],
    ["a:\n  - b: 'c\nd'\n  - e\n", { a: [{ b: 'c d' }, 'e'] }],
    ['a:\n  - "{{ x |\n  y }}"\n', { a: ['{{ x | y }}'] }],
    ['a: [\nb,\n{c: 1,\nd: "e\n\nf"}\n]\ng: 2\n', { a: ['b', { c: 1, d: 'e\nf' }], g: 2 }],
    ['a:\n  b: {\nc: 1\n}\nd: ["{% if x\n%}y{% endif %}"]\n', { a: { b: { c: 1 } }, d: ['{% if x %}y{% endif %}'] }],
  ])('reads %j as PyYAML does in version 1.1, wherever lines between quotes and brackets begin', (text, expected) => {
    expect(value(text, '1.1')).toEqual(expected);
    expect(places(text)).not.toEqual([]);
  });

  it('tells what is wrong by the indentation where nothing closes a quote or bracket', () => {
    expect(places('a: "b\nc: 1\n', '1.1')).toEqual(places('a: "b\nc: 1\n'));
    expect(places('a: [b\nc: 1\nd: 2\n', '1.1')).toEqual(places('a: [b\nc: 1\nd: 2\n'));
    expect(places('a: "b\n---\nc"\n', '1.1')).not.toEqual([]);
  });

  it('keeps keys as they are written', () => {
    expect(value('on: 1\nyes: 2\n8080: 3\n~: 4\n2026-11-20: 5\n0x10: 6\n', '1.1')).toEqual({
      on: 1,
      yes: 2,
      '8080': 3,
      '~': 4,
      '2026-11-20': 5,
      '0x10': 6,
    });
  });

  it('keeps keys that JavaScript objects have by themselves', () => {
    const read = value('constructor: 1\ntoString: 2\nhasOwnProperty: 3\n') as object;

    expect(Object.entries(read)).toEqual([
      ['constructor', 1],
      ['toString', 2],
      ['hasOwnProperty', 3],
    ]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it('refuses the key __proto__, plain, quoted, merged and in flow style', () => {
    expect(places('__proto__: {admin: true}\n')).toEqual(['unknown-key 1:1']);
    expect(places('a: {"__proto__": 1}\n')).toEqual(['unknown-key 1:5']);
    expect(places('a: &a {__proto__: {b: 1}}\nc: {<<: *a}\n', '1.1')).toEqual(['unknown-key 1:8']);
  });

  it('gives secrets of ansible-vault and unsafe text their own form', () => {
    expect(value('a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: !unsafe "{{ x }}"\n', '1.1')).toEqual({
      a: { __ansible_vault: '$ANSIBLE_VAULT;1.1;AES256\n6162\n' },
      b: { __ansible_unsafe: '{{ x }}' },
    });
  });

  it('resolves aliases and merges in version 1.1, own keys first, then earlier sources', () => {
    const text = 'a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\nd: {<<: *b}\ne: [*a]\n"<<": no merge\n';

    expect(value(text, '1.1')).toEqual({
      a: { x: 1, y: 1 },
      b: { y: 2, z: 2 },
      c: { x: 3, y: 1, z: 2 },
      d: { y: 2, z: 2 },
      e: [{ x: 1, y: 1 }],
      '<<': 'no merge',
    });
  });

  it('tells where keys and values are, through lists, aliases and merges', () => {
    const { loaded } = read('a: &a {x: 1}\nb:\n  - first\n  - <<: *a\n    key:   value\n', '1.1');

    expect(loaded?.at(['b', 1, 'key'])).toEqual({ file: 'a.yaml', line: 5, column: 12 });
    expect(loaded?.keyAt(['b', 1, 'key'])).toEqual({ file: 'a.yaml', line: 5, column: 5 });
    expect(loaded?.at(['b', 1, 'x'])).toEqual({ file: 'a.yaml', line: 1, column: 11 });
    expect(loaded?.at(['b', 1])).toEqual({ file: 'a.yaml', line: 4, column: 5 });
    expect(loaded?.at(['b', 0])).toEqual({ file: 'a.yaml', line: 3, column: 5 });
    expect(loaded?.at(['b', 7, 'nothing'])).toEqual(loaded?.at(['b']));
    expect(loaded?.keyAt(['nothing'])).toEqual({ file: 'a.yaml', line: 1, column: 1 });
  });

  it('reads a byte order mark, Windows line ends and other scripts', () => {
    expect(value('\uFEFFa: 1\r\nb: "ä 😀"\r\nc: |\r\n  x\r\n  y\r\n')).toEqual({ a: 1, b: 'ä 😀', c: 'x\ny\n' });
    expect(read('\uFEFFa: 1\r\nb: 2\r\n').loaded?.keyAt(['b'])).toEqual({ file: 'a.yaml', line: 2, column: 1 });
  });

  it.each(['', '\n', '# only a comment\n', '---\n', '--- # x\n...\n', '~\n', '\uFEFF'])('reads %j as nothing', (text) => {
    expect(value(text)).toBeNull();
  });

  it('names both places of a duplicate key and keeps the first', () => {
    const { loaded, problems } = read('a: 1\nb: {c: 1, c: 2}\n"a": 3\n');

    expect(problems.map(place)).toEqual(['duplicate-key 2:11', 'duplicate-key 3:1']);
    expect(problems[1]?.related).toEqual([{ file: 'a.yaml', line: 1, column: 1 }]);
    expect(loaded?.value).toEqual({ a: 1, b: { c: 1 } });
  });

  it('lists every problem that is not one of syntax', () => {
    expect(places('a: !foo 1\nb: 1\nb: 2\n? [x]\n: 1\nc: .inf\nd: 99999999999999999999\ne: *x\nf: 1e999\n')).toEqual([
      'yaml-syntax 1:9',
      'duplicate-key 3:1',
      'wrong-type 4:3',
      'wrong-type 6:4',
      'wrong-type 7:4',
      'yaml-syntax 8:4',
      'wrong-type 9:4',
    ]);
  });

  it('never quotes a value in a syntax problem', () => {
    const { problems } = read("password: \"hunter2-secret\nother: 'x' hunter2-secret\n- hunter2-secret\n");

    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('leaves the stack traces of other errors alone', () => {
    read('a: [\n');

    expect(new Error('x').stack).toContain('yaml.test.ts');
  });
});
