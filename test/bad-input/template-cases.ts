import { badCase, resourceCases, slug, type BadCase } from './bad-case.ts';

const content = (name: string, code: string, template: string) =>
  [name, code, `  - kind: file\n    path: /srv/${slug(name)}\n    content: ¦${JSON.stringify(template)}\n`] as const;
const templateFile = (name: string, code: string, text: string): BadCase => {
  const role = slug(name);
  return badCase(name, code, {
    [`roles/${role}/role.yaml`]: `summary: x\nresources:\n  - kind: file\n    path: /srv/${role}\n    template: t.j2\n`,
    [`roles/${role}/templates/t.j2`]: text,
  });
};

/** Templates in attributes and in files. */
export const templateCases: readonly BadCase[] = [
  ...resourceCases([
    content('an undefined variable', 'undefined-variable', '{{ nowhere }}'),
    content('an undefined attribute', 'undefined-variable', '{{ facts.nowhere.deeper }}'),
    content('an undefined variable in a test', 'undefined-variable', '{% if nowhere %}x{% endif %}'),
    content('an undefined variable in a loop', 'undefined-variable', '{% for a in nowhere %}x{% endfor %}'),
    content('an undefined variable in a filter', 'undefined-variable', '{{ nowhere | upper }}'),
    content('an unknown secret', 'undefined-variable', '{{ secrets.nowhere }}'),
    content('item without for_each', 'undefined-variable', '{{ item }}'),
    content('a template that is not closed', 'template-syntax', '{{ a'),
    content('a tag that is not closed', 'template-syntax', '{% if true %}x'),
    content('a tag that was not opened', 'template-syntax', 'x{% endif %}'),
    content('an unknown tag', 'template-syntax', '{% frobnicate %}'),
    content('an operator too many', 'template-syntax', '{{ 1 + }}'),
    content('an unknown filter', 'template-failed', '{{ 1 | frobnicate }}'),
    content('a constructor', 'undefined-variable', "{{ ''.constructor.constructor('return process')() }}"),
    content('a prototype', 'undefined-variable', '{{ {}.__proto__ }}'),
    content('a call of a text', 'template-failed', "{{ 'x'() }}"),
    content('mandatory of nothing', 'undefined-variable', '{{ nowhere | mandatory }}'),
    content('a file that climbs', 'template-failed', "{% include '../../../etc/passwd' %}"),
    content('an endless loop', 'too-large', '{% for a in range(100000000) %}x{% endfor %}'),
    content('a text that grows without end', 'too-large', "{{ 'x' * 1000000000 }}"),
    [
      'an undefined variable in when',
      'undefined-variable',
      '  - kind: file\n    path: /srv/w\n    content: x\n    when: ¦nowhere\n',
    ],
    [
      'an undefined variable in for_each',
      'undefined-variable',
      '  - kind: file\n    path: /srv/f\n    content: x\n    for_each: ¦"{{ nowhere }}"\n',
    ],
    ['an undefined variable in a path', 'undefined-variable', '  - kind: file\n    path: ¦"{{ nowhere }}/x"\n    content: x\n'],
    [
      'an undefined variable in a mode',
      'undefined-variable',
      '  - kind: file\n    path: /srv/m\n    content: x\n    mode: ¦"{{ nowhere }}"\n',
    ],
    [
      'a template syntax problem in when',
      'template-syntax',
      '  - kind: file\n    path: /srv/s\n    content: x\n    when: ¦a == == b\n',
    ],
  ]),
  templateFile('an undefined variable in a file', 'undefined-variable', 'first\nsecond {{ ¦nowhere }}\n'),
  templateFile('a syntax problem in a file', 'template-syntax', 'first\n{% if ¦%}\n'),
];
