import { describe, expect, it } from 'vitest';
import { openEngine, scopeOf, somewhere } from './template-rig.ts';

const variables = {
  port: 8080,
  home: '/srv/app',
  on: true,
  nothing: null,
  list: [1, 2],
  map: { key: 'value' },
  lazy: '{{ home }}/{{ port }}',
  twice: '{{ lazy }}!',
  needs_item: 'item is {{ item }}',
  literal: { __ansible_unsafe: '{{ port }}' },
  broken: '{{ prot }}',
  left: '{{ right }}',
  right: 'x{{ left }}',
};

const evaluate = (text: string, more: object = {}) => {
  const base = scopeOf(variables);
  return openEngine().evaluate(text, Object.keys(more).length > 0 ? scopeOf(more, undefined, base) : base, somewhere);
};

describe('a scalar', () => {
  it.each([
    ['plain', 'plain'],
    ['{{ port }}', 8080],
    ['{{ on }}', true],
    ['{{ nothing }}', null],
    ['{{ list }}', [1, 2]],
    ['{{ map }}', { key: 'value' }],
    ['{{ port + 1 }}', 8081],
    ['{{ list | map("string") }}', ['1', '2']],
    [' {{ port }}', ' 8080'],
    ['{{ port }}{{ port }}', '80808080'],
    ['{{ home }}/bin', '/srv/app/bin'],
    ['{{ twice }}', '/srv/app/8080!'],
    ['{{ literal }}', '{{ port }}'],
    ["{{ ('one',) }}", ['one']],
    ["{{ ('one') }}", 'one'],
    ['{{ () }}', []],
    ["{{ 'pro' in ('prod',) }}", false],
    ["{% for x in ('web',) %}{{ x }};{% endfor %}", 'web;'],
    [String.raw`{{ 'it\'s' }}`, "it's"],
    ["{{ 'ab' | regex_replace('(a)(b)', '\\2\\1') }}", 'ba'],
  ])('%s is %j', (text, expected) => {
    const { value, problems } = evaluate(text);

    expect(problems).toEqual([]);
    expect(value).toEqual(expected);
  });

  it('does not render data a second time', () => {
    const { value } = evaluate('{{ item }} {{ item ~ "" }}', { item: '{{ port }}' });

    expect(value).toBe('{{ port }} {{ port }}');
  });

  it('renders a variable in the scope that uses it', () => {
    const engine = openEngine();
    const base = scopeOf(variables);

    const values = ['a', 'b'].map(
      (item) => engine.evaluate('{{ needs_item }}', scopeOf({ item }, undefined, base), somewhere).value,
    );

    expect(values).toEqual(['item is a', 'item is b']);
    expect(engine.evaluate('{{ needs_item | default("none") }}', base, somewhere).value).toBe('none');
  });

  it('tells which variables it was made of, with their layers', () => {
    const { uses } = evaluate('{{ twice }}');

    expect(uses.map(({ name }) => name).sort()).toEqual(['home', 'lazy', 'port', 'twice']);
    expect(new Set(uses.map(({ layer }) => layer))).toEqual(new Set(['inventory/group_vars/all.yml']));
  });

  it('keeps its tags as they are: vault and unsafe values anywhere, keys literal', () => {
    const value = { '{{ port }}': [{ __ansible_unsafe: '{{ home }}' }, '{{ port }}'] };

    const done = openEngine().evaluateAll(value, scopeOf(variables), () => somewhere);

    expect(done.value).toEqual({ '{{ port }}': ['{{ home }}', 8080] });
  });
});

describe('methods, filters and tests do what Python and Ansible do', () => {
  it.each([
    ["'a b  c '.split(none, 1)", ['a', 'b  c ']],
    ["' a b c'.rsplit(none, 1)", [' a b', 'c']],
    ["'a.b.c'.split('.', maxsplit=1)", ['a', 'b.c']],
    ["'a.b.c'.rsplit('.', maxsplit=1)", ['a.b', 'c']],
    ["'a,b'.split(sep=',')", ['a', 'b']],
    ["'  '.split()", []],
    ["'a=b=c'.partition('=')", ['a', '=', 'b=c']],
    ["'a=b=c'.rpartition('-')", ['', '', 'a=b=c']],
    ["'ab'.ljust(4, '.') ~ 'ab'.center(7, '*')", 'ab..***ab**'],
    ["'1e3' | int", 1000],
    ["'-1_000' | int", -1000],
    ["'0x1f' | int(base=16)", 31],
    ["'1e999' | int(7)", 7],
    [`"it's v2x (or) not-so" | title`, "It's V2x (Or) Not-So"],
    [`"it's v2x".title()`, "It'S V2X"],
    ['true == 1', true],
    ['[1, true, 0, false] | unique', [1, 0]],
    ['true is sameas(1)', false],
    ["[{'on': true}, {'on': false}] | selectattr('on')", [{ on: true }]],
  ])('%s is %j', (expression, expected) => {
    const { value, problems } = evaluate(`{{ ${expression} }}`);

    expect(problems).toEqual([]);
    expect(value).toEqual(expected);
  });

  it.each([
    ["'aXa'.replace('a', 'b', count=1)", 'the method "replace" has no parameter "count"'],
    ["'a'.split(separator=',')", 'the method "split" has no parameter "separator"'],
    ["'a'.upper(1)", 'the method "upper" takes 0 arguments, found 1'],
    ["'a'.zfill()", 'the argument "width" is missing'],
    ['map.items(1)', 'the method "items" takes 0 arguments, found 1'],
    ['map.get(key="key")', 'the method "get" has no parameter "key"'],
    ['list.index(9)', 'the list does not have that item'],
    ["[map] | selectattr('kee')", 'the item has no key "kee"'],
    ["[map] | rejectattr('kee')", 'the item has no key "kee"'],
    ["'12345678901234567890' | int", 'a whole number has more digits than can be kept exactly'],
    ["'[12345678901234567890]' | from_json", 'a whole number has more digits than can be kept exactly'],
    ['9007199254740993', 'a whole number has more digits than can be kept exactly'],
  ])('%s is a problem', (expression, message) => {
    expect(evaluate(`{{ ${expression} }}`).problems.map((problem) => problem.message)).toEqual([message]);
  });
});

it('escapes in YAML what PyYAML cannot read', () => {
  expect(evaluate('={{ ["x\u0085\u2028\u2029\ufeff\u007f", "a\tb"] | to_yaml }}').value).toBe(
    '=["x\\u0085\\u2028\\u2029\\ufeff\\u007f", "a\\tb"]\n',
  );
});

describe('a problem of a scalar stands at the scalar', () => {
  it.each([
    ['{{ hme }}/x', 'undefined-variable', '"hme" is undefined', 'did you mean "home"?'],
    ['{{ map.kee }}', 'undefined-variable', '"map" has no key "kee"', 'did you mean "key"?'],
    ['{{ list[5] }}', 'undefined-variable', '"list" has 2 items, there is no index 5', undefined],
    ['{{ port.name }}', 'undefined-variable', '"port" is a number and has no key "name"', undefined],
    ['{{ port', 'template-syntax', 'template syntax: expected "}}"', undefined],
    ['{% for x in %}', 'template-syntax', 'template syntax: unexpected token: %}', undefined],
    ["{{ 'abc }}", 'template-syntax', 'template syntax: a string is never closed', undefined],
    ['{{ home | to_jsn }}', 'template-failed', 'no filter "to_jsn"', 'did you mean "to_json"?'],
    ['{{ home is strng }}', 'template-failed', 'no test "strng"', 'did you mean "string"?'],
    ['{{ home + 1 }}', 'template-failed', 'cannot calculate a string + a number', 'use ~ to join values as text'],
    ['{{ home | indent(widht=2) }}', 'template-failed', 'the filter "indent" has no parameter "widht"', 'did you mean "width"?'],
    ["{{ nope | mandatory('set nope') }}", 'undefined-variable', 'set nope', undefined],
    [
      "{{ lookup('env', 'HOME') }}",
      'template-failed',
      expect.stringContaining('"lookup" is not provided: templates cannot look'),
      undefined,
    ],
    [
      '{{ list | random }}',
      'template-failed',
      expect.stringContaining('"random" needs a seed: without one the result would differ'),
      'write `random(seed=inventory_hostname)`',
    ],
    [
      '{% set _ = list.append(1) %}',
      'template-failed',
      '"list" is a list and has no method "append" that templates may call',
      expect.stringContaining('{% set ns.list = ns.list + [item] %}'),
    ],
    [
      '{% set _ = map.update({}) %}',
      'template-failed',
      '"map" is a mapping and has no method "update" that templates may call',
      expect.stringContaining('ns.map | combine({key: value})'),
    ],
    [
      '{{ home | ansible.utils.ipaddr }}',
      'template-failed',
      expect.stringContaining('ipaddr" is not provided: write'),
      undefined,
    ],
    ['{{ home is file }}', 'template-failed', expect.stringContaining('"file" is not provided'), undefined],
    ["{% include 'x.j2' %}", 'template-failed', 'other templates can only be used from template files', undefined],
  ])('%s', (text, code, message, hint) => {
    const { problems, value } = evaluate(text);

    expect(value).toBeUndefined();
    expect(problems).toEqual([{ code, message, at: somewhere, ...(hint !== undefined && { hint }) }]);
  });

  it('or at the variable that has it', () => {
    const { problems } = evaluate('{{ broken }}');

    expect(problems).toEqual([
      {
        code: 'undefined-variable',
        message: '"prot" is undefined, in the variable "broken" of inventory/group_vars/all.yml',
        hint: 'did you mean "port"?',
        at: { file: 'inventory/group_vars/all.yml', line: 3, column: 8 },
      },
    ]);
  });

  it('and names the path of variables that go round in a circle', () => {
    const [problem] = evaluate('{{ left }}').problems;

    expect(problem).toMatchObject({ code: 'cycle', message: expect.stringContaining('left → right → left') as string });
  });
});

it('what is only asked about is looked for among no other names', () => {
  const scope = scopeOf(variables);
  let asked = 0;
  const names = (): Iterable<string> => (asked++, scope.names());
  const evaluateHere = (text: string) => openEngine().evaluate(text, { ...scope, names }, somewhere);

  expect(evaluateHere('{{ prot is defined }} {{ prot | default(1) }} {{ map.kex is defined }}').value).toBe('False 1 False');
  expect(asked).toBe(0);
  expect(evaluateHere('{{ prot }}').problems[0]?.hint).toBe('did you mean "port"?');
  expect(evaluateHere('{{ map.kex }}').problems[0]?.hint).toBe('did you mean "key"?');
  expect(evaluateHere('{{ ansible_default_ipv4.address }}').problems[0]?.hint).toMatch(/"facts" has .*host_vars/);
});

describe('a template file', () => {
  const templates = {
    'roles/web/templates/part.j2': 'part of {{ home }}',
    'roles/web/templates/base.j2': '<{% block body %}base{% endblock %}>\n',
    'roles/web/templates/macros.j2': '{% macro row(k, v="-") %}{{ k }}={{ v }}{% endmacro %}',
    'roles/web/templates/loop.j2': "{% include 'loop.j2' %}",
    'roles/web/templates/etc/part.j2': 'not this',
    'roles/web/templates/etc/own.j2': "own {% include 'deep.j2' %}",
    'roles/web/templates/etc/deep.j2': 'deep',
    'roles/web/secret.j2': 'outside',
  };
  const render = (text: string) =>
    openEngine(templates).renderFile('roles/web/templates/a.j2', text, scopeOf(variables), ['roles/web/templates']);

  it('takes others from the templates directory, else from beside itself, as in Ansible', () => {
    const text = "{% include 'part.j2' %} {% include 'own.j2' %}";
    const { value } = openEngine(templates).renderFile('roles/web/templates/etc/a.j2', text, scopeOf(variables), [
      'roles/web/templates',
    ]);

    expect(value).toBe('part of /srv/app own deep');
    expect(render("{% include 'own.j2' %}").problems.map(({ code }) => code)).toEqual(['missing-file']);
  });

  it.each([
    ["{% include 'part.j2' %}", 'part of /srv/app'],
    ["{% include 'none.j2' ignore missing %}.", '.'],
    ["{% include 'part.j2' ignore missing with context %}", 'part of /srv/app'],
    ["{% extends 'base.j2' %}{% block body %}own {{ super() }}{% endblock %}", '<own base>'],
    ["{% from 'macros.j2' import row %}{{ row('a') }} {{ row('b', v=1) }}", 'a=- b=1'],
    ["{% import 'macros.j2' as m %}{{ m.row('a', 2) }}", 'a=2'],
    ['{{ map | to_json }}', '{"key": "value"}'],
    ['{{ port }}', '8080'],
  ])('%s gives %j', (text, expected) => {
    const { value, problems } = render(text);

    expect(problems).toEqual([]);
    expect(value).toBe(expected);
  });

  it('lists every undefined variable at its place', () => {
    const { problems } = render(
      'a {{ one_gone }}\n{% if on %}\n  b {{ two_gone.x }} {{ port }}\n{% endif %}\n{{ home | to_jsn }}\n',
    );

    expect(problems.map(({ at, message }) => `${at?.line}:${at?.column} ${message}`)).toEqual([
      '1:6 "one_gone" is undefined',
      '3:8 "two_gone" is undefined',
      '5:11 no filter "to_jsn"',
    ]);
  });

  it.each([
    ["{% include '../secret.j2' %}", 'unsafe-path'],
    ["{% include '/etc/passwd' %}", 'unsafe-path'],
    ["{% include 'a/./b.j2' %}", 'unsafe-path'],
    ["{% include 'none.j2' %}", 'missing-file'],
    ["{% extends 'none.j2' %}", 'missing-file'],
    ["{% include 'loop.j2' %}", 'cycle'],
    ["{% from 'macros.j2' import nope %}", 'template-failed'],
  ])('%s is a problem: %s', (text, code) => {
    expect(render(text).problems).toMatchObject([{ code }]);
  });
});
