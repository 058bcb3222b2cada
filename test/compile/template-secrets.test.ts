import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import { openEngine, scopeOf, somewhere } from './template-rig.ts';

const variables = {
  password: { __ansible_vault: 'sealed' },
  foreign: { __ansible_vault: 'other' },
  pin: '{{ secrets.pin }}',
  pin_number: '{{ pin | int }}',
  url: 'postgres://u:{{ password }}@db',
  chained: '{{ url }}?x',
  users: [
    { name: 'a', key: { __ansible_vault: 'sealed' } },
    { name: 'b', key: 'open' },
  ],
  listed: '["{{ password }}", {"deep": "{{ password }}"}, "open"]',
  open: 'open',
  mixed: '{{ secrets.foreign }} {{ nope }}',
  plain: { name: 'open', sizes: ['small'] },
  keyed: '{{ {password: "a", "other": {"deep": true}} }}',
  parsed: `{{ ('{"' ~ password ~ '": 1, "list": [{"' ~ password ~ '": null}]}') | from_json }}`,
};

const evaluate = (text: string, more?: object) => {
  const engine = openEngine();
  const base = scopeOf(variables, engine);
  return engine.evaluate(text, more ? scopeOf(more, undefined, base) : base, somewhere);
};
const plain = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value);

describe('a text that a secret went into is a secret', () => {
  it.each([
    ['{{ secrets.token }}', 'canary-token'],
    ['x{{ secrets.token }}', 'xcanary-token'],
    ['{{ secrets["token"] | upper }}', 'CANARY-TOKEN'],
    ['{{ password }}', 'canary-vault'],
    ['{{ url }}', 'postgres://u:canary-vault@db'],
    ['{{ chained }}', 'postgres://u:canary-vault@db?x'],
    ['{{ users[0].key }}', 'canary-vault'],
    ['{{ users | map(attribute="key") | join(",") }}', 'canary-vault,open'],
    ['{{ listed | first }}', 'canary-vault'],
    ['{{ listed }}', undefined],
    ['{{ users | to_json }}', '[{"name": "a", "key": "canary-vault"}, {"name": "b", "key": "open"}]'],
    ['{% if secrets.token == "canary-token" %}yes{% endif %}', 'yes'],
    ['{% for c in secrets.token[:2] %}{{ c }}.{% endfor %}', 'c.a.'],
    ['{{ "same" if secrets.token is match("canary") else "other" }}', 'same'],
    ['{% set n = namespace(s="") %}{% set n.s = secrets.token %}{{ n.s }}!', 'canary-token!'],
    ['{% macro m(v) %}<{{ v }}>{% endmacro %}{{ m(password) }}', '<canary-vault>'],
    ['{{ password | b64encode }}', Buffer.from('canary-vault').toString('base64')],
    ['{{ {"a": password} }}', undefined],
  ])('%s', (text, expected) => {
    const { value, problems, touchedSecret } = evaluate(text);

    expect(problems).toEqual([]);
    expect(touchedSecret).toBe(true);
    expect(inspect(value, { depth: 9 }) + JSON.stringify(value) + String(value)).not.toContain('canary');
    if (expected !== undefined) expect(plain(value)).toBe(expected);
  });

  it.each([
    ['{{ pin | int }}', 4711],
    ['{{ pin_number }}', 4711],
    ['{{ pin_number + 1 }}', 4712],
    ['{{ [pin_number, 2] | max }}', 4711],
    ['{{ [pin_number, 2] | sum }}', 4713],
    ['{{ "%05d" % pin_number }}', '04711'],
    ['{{ password | length }}', 12],
  ])('numbers too, and they stay numbers: %s', (text, expected) => {
    const { value, problems } = evaluate(text);

    expect(problems).toEqual([]);
    expect(value).toBeInstanceOf(Secret);
    expect((value as Secret).value()).toBe(expected);
    expect(inspect(value) + JSON.stringify(value) + String(value)).not.toContain('471');
  });

  it('whether it holds is no secret', () => {
    expect(evaluate('{{ pin_number > 4000 and pin_number is number }}').value).toBe(true);
  });

  it('also when it came as an item or a parameter', () => {
    const { value } = evaluate('<{{ item.key }}>', { item: { key: Secret.of('canary-item') } });

    expect(value).toBeInstanceOf(Secret);
    expect(plain(value)).toBe('<canary-item>');
  });

  it('also in a rendered file', () => {
    const engine = openEngine();

    const done = engine.renderFile('templates/a.j2', 'key={{ url }}\n', scopeOf(variables, engine), ['templates']);

    expect(done.touchedSecret).toBe(true);
    expect(plain(done.value)).toBe('key=postgres://u:canary-vault@db\n');
  });
});

describe('a key that a secret went into is one', () => {
  it.each([
    '{{ keyed }}',
    '{{ parsed }}',
    '{{ parsed.list }}',
    '{{ {password: 1} }}',
    '{{ {(password | upper): 1} }}',
    '{{ dict([[password, 1]]) }}',
    '{{ [{"key": password, "value": 1}] | items2dict }}',
    '{{ plain | combine(keyed) }}',
    '{{ {"a": {"b": keyed}} | combine({"a": {"b": parsed}}, recursive=true) }}',
    '{{ [keyed, parsed] | map("dict2items") | flatten }}',
    '{{ keyed | to_json | from_json }}',
    '{{ keyed | list }}',
    '{{ keyed | first }}',
    '{{ keyed.items() }}',
    '{{ keyed | length }}',
    '{{ hostvars.one }}',
  ])('in whatever is made of it: %s', (text) => {
    const engine = openEngine();
    const base = scopeOf(variables, engine);
    const hostvars = { one: engine.evaluate('{{ keyed }}', base, somewhere).value };
    const { value, problems, touchedSecret } = engine.evaluate(text, scopeOf({ hostvars }, undefined, base), somewhere);

    expect(problems).toEqual([]);
    expect(touchedSecret).toBe(true);
    expect(inspect(value, { depth: 9 }) + JSON.stringify(value)).not.toMatch(/canary/i);
  });

  it.each([
    ['{% for key in keyed %}{{ key }} {% endfor %}', 'canary-vault other '],
    ['{% for key, value in keyed | dictsort %}{{ key }}={{ value }} {% endfor %}', "canary-vault=a other={'deep': True} "],
    ['{% for key, value in keyed %}{{ key }} {% endfor %}', 'canary-vault other '],
    ['{{ keyed }}', undefined],
    ['<{{ keyed | to_json }}>', '<{"canary-vault": "a", "other": {"deep": true}}>'],
    ['{{ "%(canary-vault)s" % keyed }}', 'a'],
  ])('and a text that shows it is secret: %s', (text, expected) => {
    const { value } = evaluate(text);

    expect(value).not.toBeTypeOf('string');
    if (expected !== undefined) expect(plain(value)).toBe(expected);
  });

  it.each([
    ['{{ parsed.list | length }}', 1],
    ['{{ keyed.other }}', { deep: true }],
    ['{{ "%(other)s" % keyed }}', "{'deep': True}"],
    ['{{ keyed.nope is defined }}', false],
    ['{{ keyed is mapping and keyed == keyed and {} != keyed }}', true],
    ['{{ "canary-vault" in keyed }}', true],
    ['{{ {"a": keyed["canary-vault"]} }}', { a: Secret.of('a') }],
  ])('but not what else stands there: %s', (text, expected) => {
    expect(evaluate(text).value).toEqual(expected);
  });

  it('keys that git shows are none, whatever their values are made of', () => {
    const made = '{{ plain | combine({"url": "x" ~ password}, dict(pin=pin | int, small=[password | upper])) }}';

    expect(evaluate(made).value).toEqual({
      name: Secret.of('open'),
      sizes: [Secret.of('small')],
      url: Secret.of('xcanary-vault'),
      pin: Secret.of(4711),
      small: [Secret.of('CANARY-VAULT')],
    });
  });

  it.each(['{{ keyed["canary-vaul"] }}', `{{ (('{"' ~ password ~ '": 1}') | from_json)["canary-vaul"] }}`])(
    'and no hint names it: %s',
    (text) => {
      const [problem] = evaluate(text).problems;

      expect(problem).toMatchObject({ code: 'undefined-variable' });
      expect(problem?.hint).toBeUndefined();
    },
  );

  it('a hint may name what git shows', () => {
    expect(evaluate('{{ password ~ plain.nam }}').problems).toMatchObject([{ hint: 'did you mean "name"?' }]);
  });
});

describe('what does not look at a secret is none', () => {
  it.each([
    ['{{ users | map(attribute="name") | list }}', ['a', 'b']],
    ['{{ users | selectattr("name", "eq", "b") | map(attribute="key") | first }}', 'open'],
    ['{{ users[0].name }}', 'a'],
    ['{{ users | length }}', 2],
    ['{{ secrets.token is defined }}', true],
    ['{{ secrets.nope is defined }}', false],
    ['{{ secrets.nope | default("x") }}', 'x'],
    ['{{ open }}', 'open'],
  ])('%s', (text, expected) => {
    const { value, touchedSecret } = evaluate(text);

    expect(value).toEqual(expected);
    expect(touchedSecret).toBe(false);
  });

  it('a list keeps its open members open', () => {
    const { value } = evaluate('{{ users }}');

    expect(value).toEqual([
      { name: 'a', key: Secret.of('canary-vault') },
      { name: 'b', key: 'open' },
    ]);
  });
});

describe('a secret that cannot be read', () => {
  it.each([
    '{{ secrets.foreign }}',
    '{{ foreign }}',
    '{{ foreign | default("x") }}',
    'x{{ secrets.foreign }}',
    '{{ [foreign] }}',
  ])('%s is a problem, whatever the default', (text) => {
    expect(evaluate(text).problems).toMatchObject([{ code: 'secret-unreadable' }]);
  });

  it.each(['{{ secrets.foreign }} {{ nope }}', '{{ mixed }}', '{% for u in [1] %}{{ foreign }}{% endfor %}{{ nope }}'])(
    '%s tells what is wrong beside it, for who has no keys',
    (text) => {
      expect(evaluate(text).problems).toContainEqual(
        expect.objectContaining({
          code: 'undefined-variable',
          message: expect.stringContaining('"nope" is undefined') as string,
        }),
      );
    },
  );

  it('is still there', () => {
    expect(evaluate('{{ foreign is defined and secrets.foreign is defined }}').value).toBe(true);
  });

  it('does no harm where it is not used', () => {
    const { value, problems } = evaluate('{{ both.open }}', { both: { open: 1 } });

    expect(problems).toEqual([]);
    expect(value).toBe(1);
  });
});

it('no problem shows a secret', () => {
  const texts = [
    '{{ password + 1 }}',
    '{{ password.nope }}',
    '{{ password | from_json }}',
    '{{ (password ~ ": [") | from_yaml }}',
    '{{ password | int | foo }}',
    '{{ map[password | upper] }}',
    '{{ ([1] | map(password[:6])) }}',
    '{{ dict()[password[1:]] }}',
    '{{ ({})[password] }}',
    '{{ [1, 2] | map(password) | list }}',
    '{{ password() }}',
    '{{ "x" | regex_search(password ~ "(") }}',
    '{{ "x" | hash(password) }}',
    '{% include password %}',
    '{{ users | groupby(password) }}',
    '{{ "%d" % password }}',
    '{{ "a" is version("1", password) }}',
    '{{ "a" | comment(password) }}',
    '{% for key in keyed %}{{ plain[key] if key != "other" }}{% endfor %}',
    '{{ plain[keyed | first] }}',
  ];
  const engine = openEngine();
  const scope = scopeOf(variables, engine);

  for (const text of texts) {
    const { problems } = engine.renderFile('templates/a.j2', text, scope, ['templates']);
    expect(problems, text).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toMatch(/canary|anary-vault|CANARY/);
  }
});
