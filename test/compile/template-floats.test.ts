import { describe, expect, it } from 'vitest';
import { compileFiles } from './compile-rig.ts';
import { openEngine, scopeOf, somewhere } from './template-rig.ts';

const textOf = (expression: string): unknown => {
  const { value, problems } = openEngine().evaluate(`=${expression}`, scopeOf({ secs: 10 }), somewhere);
  expect(problems).toEqual([]);
  return value;
};

describe('a float that is whole stays a float', () => {
  it.each([
    ['{{ secs / 2 }} {{ secs // 2 }} {{ 7.0 // 2 }} {{ 2.0 ** 2 }} {{ 2 ** -1 }}', '=5.0 5 3.0 4.0 0.5'],
    ['{{ [8.0] | to_json }} {{ {"a": 2.0} }} {{ 2.0 ~ "" }} {{ [1.0, 2] | sum }}', "=[8.0] {'a': 2.0} 2.0 3.0"],
    ['{{ {"a": 2.0, "b": 2} | to_nice_yaml }}', '=a: 2.0\nb: 2\n'],
    ['{{ "[2.0, 2, 1e2]" | from_json }}', '=[2.0, 2, 100.0]'],
    ['{{ "3" | float }} {{ "x" | float }} {{ 2.0 | int }} {{ (0 - 2.0) | abs }}', '=3.0 0.0 2 2.0'],
    [
      '{{ 2.0 == 2 }} {{ 2.0 in [2] }} {{ [1, 1.0, true] | unique }} {{ 2.0 > 1 }} {{ "y" if 0.0 else "n" }}',
      '=True True [1] True n',
    ],
    [
      '{{ 2.0 is float }} {{ 2.0 is integer }} {{ 2 is float }} {{ 2.0 is even }} {{ 2.0 | type_debug }}',
      '=True False False True float',
    ],
    ['{{ "%d %s %.2f" % (2.0, 2.0, 2.0) }} {{ 1e3 }}', '=2 2.0 2.00 1000.0'],
    ['{{ 1 / 100000 }} {{ 1.0 * 1e16 }}', '=1e-05 1e+16'],
  ])('%s gives %j', (text, expected) => {
    expect(textOf(text)).toBe(expected);
  });

  it.each([
    ['2.5 | round', '2.0'],
    ['3.5 | round', '4.0'],
    ['0.125 | round(2)', '0.12'],
    ['0.375 | round(2)', '0.38'],
    ['2.675 | round(2)', '2.67'],
    ['(0 - 2.5) | round | int', '-2'],
    ['42 | round', '42'],
    ['1250 | round(-2)', '1200'],
    ['42.1 | round(0, "ceil")', '43.0'],
    ['42.55 | round(1, "floor")', '42.5'],
  ])('%s is %s: halves go to the even neighbour', (expression, expected) => {
    expect(textOf(`{{ ${expression} }}`)).toBe(`=${expected}`);
  });

  it.each(['"a" * 2.0', 'range(2.0) | list', '"abc"[1.0:]', '[1, 2][1.0]', '2 ** 64'])('%s is a problem', (expression) => {
    expect(openEngine().evaluate(`{{ ${expression} }}`, scopeOf({}), somewhere).problems).toHaveLength(1);
  });

  it('from the inventory, the parameters of a role and for_each to the text, and is a number for everything else', () => {
    const { resource, text, problems } = compileFiles({
      'inventory/group_vars/all.yml': 'php: 8.0\nnested: { list: [1, 2.0] }\ncount: 3\nlazy: "{{ php }}"\n',
      'desired-state/site.yaml':
        'assignments:\n  - hosts: all\n    roles: [{ role: web, with: { ratio: 2.0, size: 4.0, deep: [1.0] } }]\n',
      'roles/web/role.yaml': `summary: s
parameters:
  properties:
    ratio: { type: number, exclusiveMinimum: 1 }
    size: { type: integer }
    deep: { type: array }
    other: { default: 6.0 }
resources:
  - { kind: file, path: /a, content: "{{ php }} {{ nested }} {{ count }} {{ lazy }} {{ ratio }} {{ deep }} {{ other }}" }
  - { kind: file, path: "/{{ item }}", for_each: [5.0, 5], content: "{{ item }}", when: "{{ item / item }}" }
  - { kind: file, path: /b, content: "{{ ratio }}" }
  - { kind: config, path: /c.json, set: { ratio: "{{ ratio }}", plain: 2.0 } }
`,
    });

    expect(problems).toEqual([]);
    expect(text('file[/a]')).toBe("8.0 {'list': [1, 2.0]} 3 8.0 2.0 [1.0] 6.0");
    expect([text('file[/5.0]'), text('file[/5]'), text('file[/b]')]).toEqual(['5.0', '5', '2.0']);
    expect(JSON.stringify(resource('config[/c.json]').desired)).toMatch(/"ratio".*\b2\b.*"plain".*\b2\b/);
  });
});
