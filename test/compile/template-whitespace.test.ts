import { describe, expect, it } from 'vitest';
import { openEngine, scopeOf } from './template-rig.ts';

const list = 'list:\n  {% for i in [1, 2] %}\n  - {{ i }}\n  {% endfor %}\nend\n';
const templates = {
  'templates/part.j2': '  {% if true %}\npart\n  {% endif %}\n',
  'templates/headed.j2': '#jinja2: trim_blocks: False\n{% if true %}\npart\n{% endif %}\n',
};
const render = (text: string) =>
  openEngine(templates).renderFile('templates/a.j2', text, scopeOf({ lines: 'one\ntwo\n' }), ['templates']);

describe('white space of a template file is what the template module makes of it', () => {
  it.each([
    [list, 'list:\n    - 1\n    - 2\n  end\n'],
    [`#jinja2: lstrip_blocks: True\n${list}`, 'list:\n  - 1\n  - 2\nend\n'],
    [`#jinja2: lstrip_blocks: True, trim_blocks: False\n${list}`, 'list:\n\n  - 1\n\n  - 2\n\nend\n'],
    [`#jinja2:trim_blocks:0\n{% if true %}\na\n{% endif %}\nb`, '\na\n\nb'],
    ['#jinja2: newline_sequence: "\\r\\n"\na\n{{ lines }}b\n', 'a\r\none\ntwo\nb\r\n'],
    ['{{ lines }}\n', 'one\ntwo\n'],
    ['#jinja2: keep_trailing_newline: True\n{{ lines }}\n', 'one\ntwo\n\n'],
    ['#jinja2: lstrip_blocks: True', ''],
    ['#jinja2: lstrip_blocks: True\nno tags\n', 'no tags\n'],
    [' #jinja2: lstrip_blocks: True\n{{ 1 }}', ' #jinja2: lstrip_blocks: True\n1'],
    ['a\r\n{% if true %}\r\nb\r\n{% endif %}\r\n', 'a\nb\n'],
    ['{% raw %}\n{{ a }}\n{% endraw %}\nb', '\n{{ a }}\nb'],
    ['x\n  {%- raw -%}\n  {{ a }}\n  {%- endraw -%}\n  y', 'x{{ a }}y'],
    ['  {%+ if true %}a{% endif +%}\nb {#- c -#} d', '  a\nbd'],
    ['${x#} {{ 1 }} #}', '${x#} 1 #}'],
    ["[{% include 'part.j2' %}]", '[  part\n  ]'],
    ["#jinja2: lstrip_blocks: True\n[{% include 'part.j2' %}]", '[part\n]'],
    ["[{% include 'headed.j2' %}]", '[#jinja2: trim_blocks: False\npart\n]'],
  ])('%j gives %j', (text, expected) => {
    const { value, problems } = render(text);

    expect(problems).toEqual([]);
    expect(value).toBe(expected);
  });

  it.each([
    ['#jinja2: variable_start_string: "[%"\n', 1, 10, '"#jinja2:" cannot set "variable_start_string" here'],
    ['#jinja2: trim_blocks: True, lstrip_block: True\n', 1, 29, '"#jinja2:" cannot set "lstrip_block" here'],
    ['#jinja2: trim_blocks: true\n', 1, 10, '"trim_blocks": expected True, False or a quoted text'],
    ['#jinja2: trim_blocks=True\n', 1, 10, 'expected "name: value, ..." after "#jinja2:"'],
    ['#jinja2: newline_sequence: "x"\n', 1, 10, String.raw`"newline_sequence": expected "\n", "\r" or "\r\n"`],
    [`#jinja2: ${' '.repeat(100_000)}x\n`, 1, 1, 'the "#jinja2:" line is longer than 500 characters'],
    ['#jinja2: lstrip_blocks: True\na\n {{ b', 3, 6, 'expected "}}"'],
    ['a\n {# b', 2, 2, 'a comment is never closed with "#}"'],
    ['a\n {% raw %}b', 2, 2, '"raw" is never closed with "endraw"'],
  ])('%j is a problem at %i:%i', (text, line, column, message) => {
    const [problem] = render(text).problems;

    expect(problem).toMatchObject({ code: 'template-syntax', at: { file: 'templates/a.j2', line, column } });
    expect(problem?.message).toContain(message);
  });

  it('reads many comments in a row', () => {
    expect(render('{# c #}'.repeat(20_000)).value).toBe('');
  });
});
