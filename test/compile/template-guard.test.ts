import { describe, expect, it } from 'vitest';
import { openEngine, scopeOf, somewhere } from './template-rig.ts';

const variables = { text: 'text', list: [1], map: { a: 1 }, number: 1, polluted: '{{ text.__proto__ }}' };
const evaluate = (text: string) => openEngine().evaluate(text, scopeOf(variables), somewhere);

describe('nothing in a template reaches JavaScript', () => {
  it.each([
    '{{ text.constructor.constructor("return process")() }}',
    '{{ text["constructor"]["constructor"]("return process")() }}',
    '{{ number.constructor }}',
    '{{ list.constructor.constructor("return 1")() }}',
    '{{ map.constructor }}',
    '{{ map.__proto__ }}',
    '{{ map["__proto__"].polluted }}',
    '{{ map.hasOwnProperty("a") }}',
    '{{ map.toString() }}',
    '{{ map.__defineGetter__("a", range) }}',
    '{{ list.__proto__.push(1) }}',
    '{{ list.push(1) }}',
    '{{ list.map }}',
    '{{ range.constructor("return 1")() }}',
    '{{ range.call(1) }}',
    '{{ range.prototype }}',
    '{{ joiner().constructor.constructor("return this")() }}',
    '{{ joiner.constructor }}',
    '{{ cycler(1, 2).constructor.constructor("return this")() }}',
    '{{ namespace().__proto__ }}',
    '{{ namespace.constructor }}',
    '{{ dict().constructor }}',
    '{% for x in list %}{{ loop.constructor.constructor("return 1")() }}{% endfor %}',
    '{% for x in list %}{{ loop.__proto__ }}{% endfor %}',
    '{% macro m() %}{% endmacro %}{{ m.constructor("return 1")() }}',
    '{% macro m() %}{{ caller.constructor }}{% endmacro %}{% call m() %}{% endcall %}',
    '{% set ns = namespace() %}{% set map.x = 1 %}',
    '{% set text.x = 1 %}',
    '{{ "constructor" | attr("constructor") }}',
    '{{ [map] | map(attribute="__proto__") | list }}',
    '{{ [map] | map(attribute="constructor.constructor") | list }}',
    '{{ [text] | map("constructor") | list }}',
    '{{ [text] | select("constructor") | list }}',
    '{{ text | constructor }}',
    '{{ text | toString }}',
    '{{ text is constructor }}',
    '{{ map | attr("__proto__") }}',
    '{{ "a" | extract(map, "constructor") }}',
    '{{ "constructor" | extract(map) }}',
    '{{ self }}',
    '{{ this }}',
    '{{ globalThis }}',
    '{{ process }}',
    '{{ require("fs") }}',
    '{{ context }}',
    '{{ env }}',
    '{{ frame }}',
    '{{ r/a/.constructor }}',
    '{{ "%(__proto__)s" | format(a=1) }}',
    '{{ "{a.__class__}".format(a=1) }}',
    '{{ polluted }}',
  ])('%s is refused', (text) => {
    const { value, problems } = evaluate(text);

    expect(value).toBeUndefined();
    expect(problems).toHaveLength(1);
  });

  it('keys such as __proto__ and constructor are plain data', () => {
    const text = '{{ ({"__proto__": {"x": 1}, "constructor": 2}) | combine({"__proto__": {"y": 2}}) | to_json }}';

    expect(evaluate(text).value).toBe('{"__proto__": {"y": 2}, "constructor": 2}');
    expect(({} as { y?: unknown }).y).toBeUndefined();
  });

  it('no filter or test is taken from a prototype', () => {
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'valueOf']) {
      expect(evaluate(`{{ text | ${name} }}`).problems[0]?.message).toBe(`no filter "${name}"`);
      expect(evaluate(`{{ text is ${name} }}`).problems[0]?.message).toBe(`no test "${name}"`);
    }
  });
});

describe('a hostile template ends in time', () => {
  const deep = (open: string, close: string, depth: number): string => `{{ ${open.repeat(depth)}1${close.repeat(depth)} }}`;
  /** Nine tenths of what one template may do. */
  const much = '{% for i in range(450000) %}{% endfor %}';
  const cases: readonly (readonly [name: string, text: string])[] = [
    ['a range of a billion', '{{ range(10**9) }}'],
    ['nested loops', '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}'],
    [
      'a string that doubles',
      '{% set n = namespace(s="0123456789") %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}',
    ],
    ['a list that doubles', '{% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = n.l + n.l %}{% endfor %}'],
    [
      'a list in itself, printed',
      '{% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}',
    ],
    [
      'a list in itself, as JSON',
      '{% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l | to_json }}',
    ],
    ['a repeated string', '{{ "x" * 10**9 }}'],
    ['a wide indent', '{{ "x" | indent(10**9, true) }}'],
    ['a wide center', '{{ "x" | center(10**9) }}'],
    ['a wide format', '{{ "%99999d" * 9999 % (1) }}'],
    ['a product', '{{ range(1000) | product(range(1000), range(1000)) | list }}'],
    ['a batch', '{{ [1] | batch(10**9, 0) }}'],
    ['replacements', '{{ ("a" * 100000) | replace("a", "b" * 100000) }}'],
    ['a pattern that takes long to compile', `{{ "é" | regex_search("${'\\\\b'.repeat(900)}") }}`],
    ['a backtracking pattern', `{{ "${'a'.repeat(40)}b" | regex_search("(a+)+$") }}`],
    ['a backtracking test', `{{ "${'a'.repeat(40)}b" is match("(a|a)+$") }}`],
    ['base64 of base64', '{% set n = namespace(s="x") %}{% for i in range(200) %}{% set n.s = n.s | b64encode %}{% endfor %}'],
    ['quotes of quotes', `{% set n = namespace(s="'") %}{% for i in range(200) %}{% set n.s = n.s | quote %}{% endfor %}`],
    ['characters of a long text', `${much}{% set s = "a" * 2000000 %}{{ s[0] }}{{ s[0] }}{{ s[0] }}`],
    ['methods of a long text', `${much}{% set s = "a" * 2000000 %}{{ s.find("b") }}{{ s.find("b") }}{{ s.find("b") }}`],
    ['filters of a long text', `${much}{% set s = "a" * 2000000 %}{{ s | wordcount }}{{ s | wordcount }}{{ s | wordcount }}`],
    ['the sum of a long list', `${much}{{ range(60000) | sum }}`],
    [
      'keys of a long mapping',
      `${much}{% set d = dict(range(3000) | zip(range(3000))) %}{% for i in range(400) %}{% if d.keys() %}{% endif %}{% endfor %}`,
    ],
    ['YAML brackets', '{{ ("[" * 3000000) | from_yaml }}'],
    ['YAML lists in lists', '{{ ("- " * 1000000) | from_yaml }}'],
    ['YAML anchors', '{{ ("&a " * 700000) | from_yaml }}'],
    ['a long YAML list', '{{ ("[" ~ "{}," * 1000000 ~ "1]") | from_yaml | length }}'],
    ['YAML below YAML', `{{ ("a:\n" ~ "${' '.repeat(500)}- 1") | from_yaml }}`],
    ['JSON again and again', '{% for i in range(100) %}{{ ("[" ~ "1," * 1000000 ~ "1]") | from_json | length }}{% endfor %}'],
    ['recursion', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
    ['mutual recursion', '{% macro f(g) %}{{ g(g) }}{% endmacro %}{{ f(f) }}'],
    ['brackets', deep('[', ']', 50_000)],
    ['unclosed brackets', `{{ ${'['.repeat(60)} }}`],
    ['parentheses', deep('(', ')', 50_000)],
    ['nots', `{{ ${'not '.repeat(100_000)}1 }}`],
    ['filters', `{{ 1${'|string'.repeat(100_000)} }}`],
    ['ifs', '{% if 1 %}'.repeat(20_000)],
    ['an unclosed raw', `{% raw %}${'x'.repeat(1_000_000)}`],
    ['too large a template', `{{ 1 }}${'x'.repeat(1_100_000)}`],
  ];

  it.each(cases)(
    '%s',
    (_name, text) => {
      const { problems } = evaluate(text);

      expect(problems).toHaveLength(1);
      expect(problems[0]?.code).toMatch(/^(too-large|cycle|template-syntax|template-failed)$/);
    },
    20_000,
  );

  it('what is left of the work goes to no hint', () => {
    const engine = openEngine();
    const large = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, index]));
    const text = '{% for a in range(480000) %}{% endfor %}{{ secrets.token }}{{ large.kex1 }}';
    const { problems } = engine.evaluate(text, scopeOf({ large }, engine), somewhere);

    expect(problems.map(({ code }) => code)).toEqual(['undefined-variable', 'too-large']);
  });

  it('a format is refused while it grows, and not when it has', () => {
    expect(evaluate('{{ ("%(n)99999d" * 20000) % {"n": 1} }}').problems[0]?.message).toBe('a text grew beyond 4 MiB');
  });

  it.each([
    ['a loop', '{% for name in names %}{{ name }},{% endfor %}'],
    ['join', '{{ names | join(",") ~ "," }}'],
    ['the method', '{{ ",".join(names + [""]) }}'],
    ['a pattern', '{{ ("-," * 5000) | regex_replace("-", names[0]) }}'],
    ['a format', '{{ ("%(n)s," * 5000) % {"n": names[0]} }}'],
    ['a filled text', '{{ ("{n}," * 5000).format(n=names[0]) }}'],
  ])('a text of 5,000 pieces is no burden: %s', (_name, text) => {
    const names = Array.from({ length: 5_000 }, () => 'host.region.fleet.example');
    const { value, problems } = openEngine().evaluate(text, scopeOf({ names }), somewhere);

    expect(problems).toEqual([]);
    expect(value).toBe('host.region.fleet.example,'.repeat(5_000));
  });

  it.each([
    ['white space before a tag', `${' '.repeat(500_000)}x{%- if 1 %}y{% endif %}`],
    ['newlines at the end', `{{ 1 }}${'\n'.repeat(500_000)}x\n`],
    ['comments', '{# x #}\n'.repeat(50_000)],
  ])(
    '%s is no burden',
    (_name, text) => {
      expect(evaluate(text).problems).toEqual([]);
    },
    20_000,
  );

  it('many hostile templates of one host end in time together', () => {
    const engine = openEngine();
    const scope = scopeOf(variables);

    const codes = Array.from({ length: 200 }, (_, index) => {
      const text = `{% for a in range(99999) %}{% for b in range(99999) %}${index}{% endfor %}{% endfor %}`;
      return engine.evaluate(text, scope, somewhere).problems[0]?.code;
    });

    expect(new Set(codes)).toEqual(new Set(['too-large']));
  }, 20_000);

  it('many patterns that are slow only on long texts end in time together', () => {
    const text = '{% set s = "a" * 2000 %}{% for i in range(1000) %}{% if s is search(".*b") %}{% endif %}{% endfor %}';

    expect(evaluate(text).problems).toEqual([expect.objectContaining({ message: 'regular expressions take too long' })]);
  }, 60_000);

  it('many slow patterns end in time together', () => {
    const engine = openEngine();
    const scope = scopeOf(variables);

    for (let index = 0; index < 100; index++) {
      const text = `{{ "${'a'.repeat(40)}b${index}" | regex_search("(a+)+$") }}`;
      expect(engine.evaluate(text, scope, somewhere).problems).toHaveLength(1);
    }
  }, 20_000);
});
