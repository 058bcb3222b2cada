import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openEngine, scopeOf, somewhere } from './template-rig.ts';

const variables = {
  a: 1,
  b: 'text',
  l: [3, 1, 2],
  d: { k: 'v' },
  s: { __ansible_vault: 'sealed' },
  m: '{{ {s: {s: 1}, "k": [2]} }}',
  u: '{{ nope }}',
};

const words =
  '{{ }} {% %} {# #} {%- -%} if elif else endif for in endfor set endset macro endmacro call endcall filter endfilter block endblock ' +
  'extends include import from as raw endraw switch case endswitch is not and or ( ) [ ] { } , : | ~ + - * / // % ** = == < > . ' +
  '"x" \' 1 0 2.5 true none a b l d s m u secrets token loop range namespace dict cycler map select attribute default join to_json ' +
  'to_yaml from_json combine sort unique zip flatten regex_replace regex_search format indent defined string match groupby sum first ' +
  'batch extract items2dict product truncate round int hash split comment subelements asyncEach ifAsync omit r/ \\ __proto__ constructor';

const operand = fc.constantFrom(
  'a',
  'b',
  'l',
  'd',
  's',
  'm',
  'u',
  'nope',
  'secrets.token',
  '[]',
  '{}',
  '1',
  '-1',
  '2.5',
  '"x"',
  'none',
  'true',
  'range',
  'omit',
);
const filter = fc.constantFrom(
  ...'default join to_json to_nice_yaml from_json from_yaml combine sort unique zip flatten regex_replace regex_search format indent'.split(
    ' ',
  ),
  ...'map select selectattr groupby sum min first batch extract dictsort items2dict dict2items product truncate round int hash'.split(
    ' ',
  ),
  ...'split comment subelements ternary mandatory path_join center replace b64decode length reverse random shuffle slice zip_longest combinations permutations human_to_bytes human_readable filesizeformat urlsplit to_uuid urlencode root nope'.split(
    ' ',
  ),
);
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    operand,
    fc.tuple(tie('expression'), filter).map(([left, name]) => `${left} | ${name}`),
    fc.tuple(tie('expression'), filter, tie('expression')).map(([left, name, right]) => `${left} | ${name}(${right})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '*', '/', '//', '%', '~', '==', '<', 'in', 'and', 'or'),
        tie('expression'),
      )
      .map(([left, sign, right]) => `(${left} ${sign} ${right})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('.k', '[0]', '[1:]', '[-1]', '.items()', '.split()', '["k"]', '(1)'))
      .map((parts) => parts.join('')),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([yes, test, no]) => `(${yes} if ${test} else ${no})`),
  ),
}));
const template = fc.oneof(
  fc.array(fc.constantFrom(...words.split(' '), ' ', '\n'), { maxLength: 30 }).map((parts) => parts.join(' ')),
  expression.map((text) => `{{ ${text} }}`),
  expression.map((text) => `x{% for i in ${text} %}{{ i }}{% endfor %}`),
);

it('whatever stands in a template, the answer is a value or problems with a place, and shows no secret', () => {
  fc.assert(
    fc.property(template, fc.boolean(), (text, isFile) => {
      const engine = openEngine({ 'templates/x': '{{ a }}' });
      const scope = scopeOf(variables, engine);

      const { value, problems } = isFile
        ? engine.renderFile('templates/a.j2', text, scope, ['templates'])
        : engine.evaluate(text, scope, somewhere);

      for (const problem of problems) expect(problem.at?.line).toBeGreaterThan(0);
      if (problems.length > 0) expect(value).toBeUndefined();
      expect(JSON.stringify([value, problems])).not.toMatch(/canary/i);
    }),
    {
      numRuns: 2000,
      examples: [
        ['{{ [] | path_join }}', false],
        ['{{ a | ternary | to_json }}', false],
      ],
    },
  );
});
