import { describe, expect, it } from 'vitest';
import { compileFiles, siteOf } from './compile-rig.ts';

const at = 'desired-state/site.yaml';

describe('without the facts of the host', () => {
  it.each([
    ['content: "{{ facts.os }}"', 1],
    ['content: "", when: "facts.os == \'debian\' or facts.is_root"', 1],
    ['content: "{{ family }}"', 1],
    ['content: "{{ home if true else facts.os }}"', 0],
  ])('what needs one is told as that, and nothing else: %s', (attributes, count) => {
    const { catalog } = compileFiles(
      {
        ...siteOf(`\n- { kind: file, path: /a, ${attributes} }\n- { kind: file, path: /b, content: "", after: "file[/a]" }`),
        'inventory/group_vars/all.yml': 'family: "{{ facts.os_family[0] }}"\n',
      },
      { facts: undefined },
    );

    expect(catalog.problems.map(({ code }) => code)).toEqual(Array<string>(count).fill('unknown-fact'));
    expect(catalog.resources.map(({ id }) => id)).toContain('/b');
  });

  it('the rest is checked', () => {
    const { problems } = compileFiles(siteOf('- { kind: file, path: /a, content: "{{ facts.os }} {{ nope }}" }'), {
      facts: undefined,
    });

    expect(problems).toContainEqual(expect.stringContaining('"nope" is undefined'));
  });
});

describe('a problem stands at the attribute that has it', () => {
  it.each([
    ['{ kind: fiel, path: /a }', `${at}:4:17  no kind "fiel"; did you mean "file"?`],
    ['{ kind: file, path: /a, content: "", ownr: x }', `${at}:4:46  unknown key "ownr"; did you mean "owner"?`],
    ['{ kind: file, path: /a, content: "", notfy: x }', `${at}:4:46  unknown key "notfy"; did you mean "notify"?`],
    ['{ kind: file, content: "" }', `${at}:4:9  "path" is missing`],
    ['{ kind: file, path: a, content: "" }', `${at}:4:29  "path": expected an absolute path, one that starts with "/"`],
    ['{ kind: file, path: /a, content: [1] }', `${at}:4:42  "content": expected a text`],
    ['{ kind: file, path: "/{{ hme }}", content: "" }', `${at}:4:29  "hme" is undefined; did you mean "home"?`],
    ['{ kind: file, path: /a, content: "", prune: "{{ port }}" }', `${at}:4:53  "prune": expected one of yes, no, confirm`],
    ['{ kind: file, path: /a, content: "", when: "{{ [1] }}" }', `${at}:4:52  "when": expected true or false, found a list`],
    ['{ kind: file, path: /a, content: "", when: "prot > 1" }', `${at}:4:52  "prot" is undefined; did you mean "port"?`],
    [
      '{ kind: file, path: /a, content: "", for_each: home }',
      `${at}:4:56  "for_each": expected a list or a mapping, found a string; did you mean "{{ home }}"?`,
    ],
    [
      '{ kind: file, path: /a, content: "", for_each: "{{ port }}" }',
      `${at}:4:56  "for_each": expected a list or a mapping, found a number`,
    ],
    ['{ kind: file, path: /a, content: "", for_each: "{{ range(30000) }}" }', `${at}:4:56  "for_each" has more than 10000 items`],
    ['{ kind: config, path: /a.yaml, set: { a: "{{ nope }}" } }', `${at}:4:50  "nope" is undefined`],
  ])('%s', (resource, problem) => {
    expect(compileFiles(siteOf(`- ${resource}`)).problems).toEqual([problem]);
  });

  it('all of them in one compile', () => {
    const { problems } = compileFiles(
      siteOf(`
- { kind: file, path: a, mode: 7, content: "{{ one_gone }}" }
- { kind: fiel }
- { kind: file, path: a, mode: "9", content: "" }
- { kind: file, path: /ok, content: "" }`),
    );

    expect(problems.map((problem) => problem.replace(/ .*/, ''))).toEqual([
      `${at}:4:50`,
      `${at}:5:17`,
      `${at}:6:29`,
      `${at}:6:38`,
    ]);
  });
});

describe('the same thing twice', () => {
  it('is a problem with both places', () => {
    const { catalog } = compileFiles(
      siteOf('- { kind: file, path: /a, content: "1" }\n- { kind: file, path: "{{ \'/a\' }}", content: "2" }'),
    );

    expect(catalog.problems).toEqual([
      {
        code: 'duplicate-resource',
        message: 'file[/a] is declared twice',
        at: { file: at, line: 5, column: 9 },
        related: [{ file: at, line: 4, column: 9 }],
        address: 'file[/a]',
        hint: 'leave one of them out',
      },
    ]);
  });

  it('also from two items', () => {
    const { problems } = compileFiles(siteOf('- { kind: file, for_each: [1, 2], path: /a, content: "" }'));

    expect(problems).toEqual([`${at}:4:9  file[/a] is declared twice; two items of "for_each" give the same name`]);
  });
});

describe('a template that another one takes', () => {
  it.each([
    '{% include "missing.j2" %}',
    '{% extends "missing.j2" %}',
    '{% import "missing.j2" as m %}',
    '{% include "../policy.yaml" %}',
  ])('is a problem when it cannot be found: %s', (text) => {
    const { problems, addresses } = compileFiles({
      ...siteOf('- { kind: file, path: /a, template: a.j2 }'),
      'desired-state/templates/a.j2': `first\n${text}\n`,
    });

    expect(addresses).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^desired-state\/templates\/a\.j2:2:/);
  });
});

describe('after and notify', () => {
  const others = `
- { kind: file, path: /other, content: "" }
- { kind: file, path: /skipped, content: "", when: false }
- { kind: file, path: "/skipped/{{ nope }}", content: "", when: false }
- { kind: command, name: reload, argv: [r], refresh_only: true }`;
  const compiled = (attributes: string, more = others) =>
    compileFiles(siteOf(`${more}\n- { kind: file, path: /a, content: "", ${attributes} }`));

  it('are addresses, rendered', () => {
    const { resource, problems } = compiled('after: "file[/{{ \'other\' }}]", notify: ["command[reload]"]');

    expect(problems).toEqual([]);
    expect(resource('file[/a]')).toMatchObject({ after: ['file[/other]'], notify: ['command[reload]'] });
  });

  it('of a skipped resource are dropped', () => {
    const { resource, problems } = compiled('after: ["file[/skipped]"], notify: ["file[/skipped]"]');

    expect(problems).toEqual([]);
    expect(resource('file[/a]')).toMatchObject({ after: [], notify: [] });
  });

  it.each([
    [
      'after: ["command[reloda]"]',
      `${at}:8:54  file[/a]: "after" names command[reloda], which nothing here declares; did you mean "command[reload]"?`,
    ],
    ['notify: "command[nothing]"', `${at}:8:54  file[/a]: "notify" names command[nothing], which nothing here declares`],
    ['notify: ["file[/other]"]', `${at}:8:54  file[/a]: "notify" names file[/other], but a file cannot be refreshed`],
  ])('%s is a problem', (attributes, problem) => {
    const { problems } = compiled(attributes);

    expect(problems).toHaveLength(1);
    expect(problems[0]?.replace(/:8:\d+/, ':8:54')).toBe(problem);
  });

  it('of a resource that has a problem itself are not reported on top', () => {
    const { problems } = compiled(
      'notify: ["command[broken]"]',
      '- { kind: command, name: broken, argv: [] , refresh_only: true }',
    );

    expect(problems).toEqual([expect.stringContaining('"argv"')]);
  });
});

describe('too much', () => {
  it('is refused: resources of one host', () => {
    const many = '- { kind: directory, for_each: "{{ range(7000) | list }}", path: "/LETTER/{{ item }}" }';

    const { catalog } = compileFiles(siteOf(`${many.replace('LETTER', 'a')}\n${many.replace('LETTER', 'b')}`));

    expect(catalog.problems).toMatchObject([{ code: 'too-large', message: 'more than 10000 resources for one host' }]);
  }, 30_000);

  it('is refused, and not put together: edges between roles', () => {
    const many = (letter: string, more = '') =>
      `summary: s\n${more}resources:\n  - { kind: directory, for_each: "{{ range(1500) | list }}", path: "/${letter}/{{ item }}", after: "directory[/${letter}/0]" }\n`;

    const { catalog } = compileFiles({
      'desired-state/site.yaml': 'assignments: [{ hosts: all, roles: [b] }]\n',
      'roles/a/role.yaml': many('a'),
      'roles/b/role.yaml': many('b', 'depends: [a]\n'),
    });

    expect(catalog.problems).toMatchObject([{ code: 'too-large' }]);
    expect(catalog.resources.reduce((sum, { after }) => sum + after.length, 0)).toBeLessThan(2_010_000);
  }, 30_000);

  it('ends in time: a hostile template in thousands of items', () => {
    const hostile = '{% for a in range(9999) %}{% for b in range(9999) %}{{ item }}{% endfor %}{% endfor %}';

    const { catalog } = compileFiles(
      siteOf(`- { kind: file, for_each: "{{ range(9999) | list }}", path: "/{{ item }}", content: "${hostile}" }`),
    );

    expect(new Set(catalog.problems.map(({ code }) => code))).toEqual(new Set(['too-large']));
    expect(catalog.problems.length).toBeLessThanOrEqual(500);
  }, 30_000);
});
