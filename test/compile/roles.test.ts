import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import { compileFiles } from './compile-rig.ts';

const role = (text: string): string => `summary: s\n${text}\n`;
const site = (assignments: string): string => `assignments:\n${assignments.trim().replaceAll(/^/gm, '  ')}\n`;
const fileOf = (path: string, content = ''): string => `{ kind: file, path: ${path}, content: "${content}" }`;

describe('role parameters', () => {
  const parameters = `
parameters:
  type: object
  required: [size]
  properties:
    size: { type: integer, minimum: 1 }
    colour: { enum: [red, green], default: red }
    where: { type: string, default: "{{ home }}/x" }
    key: { type: string }
    deep: { type: object, default: {}, additionalProperties: false, properties: { on: { type: boolean, default: true } } }
resources:
  - ${fileOf('/a', '{{ size }} {{ colour }} {{ where }} {{ deep.on }} {{ port }} {{ role_name }}')}`;
  const given = (text: string) =>
    compileFiles({
      'desired-state/site.yaml': site(`- hosts: all\n  roles:\n    - role: web\n      with: ${text}`),
      'roles/web/role.yaml': role(parameters),
    });

  it('are checked, completed by defaults, and win over variables', () => {
    const { text, problems } = given('{ size: "{{ 3 }}", port: 1 }'.replace(', port: 1', ''));

    expect(problems).toEqual([]);
    expect(text('file[/a]')).toBe('3 red /srv/app/x True 8080 web');
  });

  it.each([
    ['{ size: many }', '5:23', 'parameter "size" of role "web" must be a whole number'],
    ['{ size: 0 }', '5:23', 'parameter "size" of role "web" must be >= 1'],
    [
      '{ size: 1, colour: blue }',
      '5:34',
      'parameter "colour" of role "web" must be equal to one of the allowed values: "red", "green"',
    ],
    ['{ size: 1, color: red }', '5:26', 'role "web" has no parameter "color"; did you mean "colour"?'],
    ['{ size: 1, deep: { no: 1 } }', '5:34', 'parameter "deep" of role "web" has no key "no"'],
    ['{}', '5:15', 'role "web" needs the parameter "size"'],
    ['{ size: "{{ prot }}" }', '5:23', '"prot" is undefined; did you mean "port"?'],
    [
      '{ size: "{{ secrets.foreign }}" }',
      '5:23',
      'the secret "foreign" cannot be decrypted here: no identity of this host fits; `reconcile doctor` shows which keys this host has',
    ],
  ])('%s is a problem at its key', (text, at, message) => {
    expect(given(text).problems).toEqual([`desired-state/site.yaml:${at}  ${message}`]);
  });

  it('that are secrets are checked as texts and stay secrets', () => {
    const { resource, text } = compileFiles({
      'desired-state/site.yaml': site('- hosts: all\n  roles: [{ role: web, with: { size: 1, key: "{{ secrets.token }}" } }]'),
      'roles/web/role.yaml': role(parameters.replace('{{ size }}', '{{ key }}')),
    });

    expect(resource('file[/a]').sensitive).toBe(true);
    expect(text('file[/a]')).toContain(Secret.of('canary-token').reveal());
  });

  it('keep the keys that are secrets to themselves, and are checked and completed', () => {
    const keyed = (schema: string) =>
      compileFiles({
        'desired-state/site.yaml': site('- hosts: all\n  roles: [{ role: web, with: { by: "{{ {secrets.token: 1} }}" } }]'),
        'roles/web/role.yaml': role(
          `parameters: { properties: { by: { type: object, ${schema} } } }\nresources:\n  - ${fileOf('/a', '{{ by | to_json }}')}`,
        ),
      });
    const { resource, text } = keyed('properties: { more: { default: 2 } }');

    expect(resource('file[/a]').sensitive).toBe(true);
    expect(text('file[/a]')).toBe('{"canary-token": 1, "more": 2}');
    expect(keyed('additionalProperties: { type: string }').problems[0]).toMatch(/"by.<secret>" of role "web" must be a text$/);
    expect(keyed('additionalProperties: false').problems[0]).toMatch(/"by" of role "web" has no key "<secret>"$/);
  });

  it('are visible in that role only', () => {
    const { problems } = compileFiles({
      'desired-state/site.yaml': site(
        `- hosts: all\n  roles: [{ role: web, with: { size: 1 } }]\n  resources: [${fileOf('/b', '{{ size }}')}]`,
      ),
      'roles/web/role.yaml': role(parameters),
    });

    expect(problems).toEqual([expect.stringContaining('"size" is undefined')]);
  });

  it.each([
    ['parameters: { type: object, properties: { a: { type: text } } }', 'type must be'],
    ['parameters: { properties: { a: { $ref: "http://192.0.2.1/x" } } }', "can't resolve reference"],
    ['parameters: { type: [] }', 'are not a JSON Schema'],
    ['parameters: { $async: true, properties: { a: { type: integer } } }', '"$async" is no keyword'],
  ])('%s is no schema', (text, message) => {
    const { problems } = compileFiles({
      'desired-state/site.yaml': site('- hosts: all\n  roles: [web]'),
      'roles/web/role.yaml': role(text),
    });

    expect(problems).toEqual([expect.stringMatching(/^roles\/web\/role\.yaml:2:13 {2}/)]);
    expect(problems[0]).toContain(message);
  });

  it.each(['additionalProperties', 'unevaluatedProperties'])(
    'that a part of the schema refuses by %s are a problem',
    (keyword) => {
      const { problems } = compileFiles({
        'desired-state/site.yaml': site('- hosts: all\n  roles: [{ role: web, with: { a: x } }]'),
        'roles/web/role.yaml': role(
          `parameters: { properties: { a: {} }, allOf: [{ properties: { b: {} }, ${keyword}: false }] }`,
        ),
      });

      expect(problems).toEqual(['desired-state/site.yaml:3:34  a part of the schema of role "web" refuses the parameter "a"']);
    },
  );

  it.each([
    ["'^[a-z\\_]+\\d$'", 'x_1', true],
    ["'^\\d$'", '٣', false],
    ["'\\Ax\\Z'", 'x', false],
    ["'(?i)x'", 'x', false],
  ])('have patterns of ECMAScript: %s', (pattern, value, isAccepted) => {
    const { problems } = compileFiles({
      'desired-state/site.yaml': site(`- hosts: all\n  roles: [{ role: web, with: { a: '${value}' } }]`),
      'roles/web/role.yaml': role(`parameters: { properties: { a: { type: string, pattern: ${pattern} } } }`),
    });

    expect(problems).toHaveLength(isAccepted ? 0 : 1);
  });

  it('with a pattern that backtracks are refused in time', () => {
    const { problems } = compileFiles({
      'desired-state/site.yaml': site(`- hosts: all\n  roles: [{ role: web, with: { a: ${'a'.repeat(40)}b } }]`),
      'roles/web/role.yaml': role("parameters: { properties: { a: { type: string, pattern: '^(a+)+$' } } }"),
    });

    expect(problems).toHaveLength(1);
  }, 20_000);
});

describe('a hostile schema', () => {
  const layers = Array.from(
    { length: 40 },
    (_, index) => `l${index}: { anyOf: [{ $ref: "#/$defs/l${index + 1}" }, { $ref: "#/$defs/l${index + 1}" }] }`,
  );

  it.each([
    ['refers to itself', 'parameters: { $ref: "#" }'],
    ['explodes', `parameters: { $ref: "#/$defs/l0", $defs: { ${layers.join(', ')}, l40: { not: {} } } }`],
  ])(
    'that %s is refused in time',
    (_name, text) => {
      const { problems } = compileFiles({
        'desired-state/site.yaml': site('- hosts: all\n  roles: [web]'),
        'roles/web/role.yaml': role(text),
      });

      expect(problems).toHaveLength(1);
    },
    20_000,
  );
});

describe('roles', () => {
  const files = {
    'roles/base/role.yaml': role(
      `resources:\n  - ${fileOf('/base')}\n  - { kind: command, name: reload, argv: [r], refresh_only: true }`,
    ),
    'roles/empty/role.yaml': role('depends: [base]'),
    'roles/app/role.yaml': role(`depends: [empty]\nresources:\n  - ${fileOf('/app')}\n  - ${fileOf('/app2')}`),
    'roles/notifier/role.yaml': role(
      `depends: [base]\nresources:\n  - { kind: file, path: /n, content: "", notify: ["command[reload]"] }`,
    ),
  };
  const compiled = (assignments: string, more: { readonly [path: string]: string } = {}) =>
    compileFiles({ ...files, 'desired-state/site.yaml': site(assignments), ...more });

  it('come after the roles that they depend on, each once, before the resources of the assignment', () => {
    const { addresses, resource, problems } = compiled(`
- hosts: web
  resources: [${fileOf('/own')}]
  roles: [app, base]
- hosts: all
  roles: [base]`);

    expect(problems).toEqual([]);
    expect(addresses).toEqual(['file[/base]', 'command[reload]', 'file[/app]', 'file[/app2]', 'file[/own]']);
    expect(resource('file[/app2]').after).toEqual(['file[/base]', 'command[reload]']);
    expect(resource('file[/own]').after).toEqual([]);
    expect(resource('file[/base]').origin).toMatchObject({ role: 'base', assignment: 0 });
  });

  it('that notify a resource of a role they depend on do not wait for it', () => {
    const { resource } = compiled('- hosts: all\n  roles: [notifier]');

    expect(resource('file[/n]')).toMatchObject({ after: ['file[/base]'], notify: ['command[reload]'] });
  });

  it('of assignments for other hosts are left out', () => {
    expect(compiled('- hosts: db\n  roles: [app]').addresses).toEqual([]);
    expect(compiled('- hosts: all:!one\n  roles: [app]').addresses).toEqual([]);
    expect(compiled('- hosts: web:&all\n  roles: [base]').addresses).toHaveLength(2);
  });

  it('with a false "when" are skipped, with what only they need', () => {
    const { addresses, problems } = compiled(`
- hosts: all
  roles: [{ role: app, when: "{{ port == 1 }}" }]
  resources:
    - { kind: file, path: /n, content: "", notify: ["command[reload]"], after: ["file[/app]"] }`);

    expect(problems).toEqual([]);
    expect(addresses).toEqual(['file[/n]']);
  });

  it('carry the tags and mode of the place that names them', () => {
    const { resource } = compiled(
      '- hosts: all\n  mode: observe\n  tags: [slow]\n  roles: [{ role: base, tags: "{{ inventory_hostname }}" }]',
    );

    expect(resource('file[/base]')).toMatchObject({ mode: 'observe', tags: ['slow', 'one'] });
  });

  it.each([
    ['- hosts: all\n  roles: [ap]', 'desired-state/site.yaml:3:13  no role "ap"; did you mean "app"?'],
    ['- hosts: all\n  roles: [{ role: bse }]', 'desired-state/site.yaml:3:21  no role "bse"; did you mean "base"?'],
    ['- hosts: wbe\n  roles: [base]', 'desired-state/site.yaml:2:12  '],
    ['- hosts: all\n  roles: [self]', 'roles/self/role.yaml:2:10  roles depend on each other in a circle: self → other → self'],
    ['- hosts: all\n  roles: [lost]', 'roles/lost/role.yaml:2:11  no role "bse"; did you mean "base"?'],
  ])('%s is a problem', (assignments, problem) => {
    const { problems } = compiled(assignments, {
      'roles/self/role.yaml': role('depends: [other]'),
      'roles/other/role.yaml': role('depends: [self]'),
      'roles/lost/role.yaml': role('depends: [bse]'),
    });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('used twice with different parameters are a problem, with equal ones not', () => {
    const sized = { 'roles/sized/role.yaml': role('parameters: { properties: { size: { type: integer, default: 1 } } }') };
    const twice = (second: string) =>
      compiled(`- hosts: all\n  roles: [sized]\n- hosts: web\n  roles: [{ role: sized, with: { size: ${second} } }]`, sized);

    expect(twice('1').problems).toEqual([]);
    expect(twice('2').problems).toEqual([
      'desired-state/site.yaml:5:21  role "sized" is used twice with different parameters; a host has each role once',
    ]);
  });

  it('take the parameters of the place that names them, also when another role needed them before', () => {
    const { text } = compiled('- hosts: all\n  roles: [first, { role: later, with: { size: 5 } }]', {
      'roles/first/role.yaml': role('depends: [later]'),
      'roles/later/role.yaml': role(
        `parameters: { properties: { size: { type: integer, default: 1 } } }\nresources: [${fileOf('/size', '{{ size }}')}]`,
      ),
    });

    expect(text('file[/size]')).toBe('5');
  });

  it('bring their health checks, rendered', () => {
    const health = `health:\n  - http: { url: "http://127.0.0.1:{{ port }}/health" }\n  - tcp: { port: "{{ port }}", within: 5s }`;
    const { catalog } = compiled('- hosts: all\n  roles: [checked]', { 'roles/checked/role.yaml': role(health) });

    expect(catalog.health).toEqual([
      { role: 'checked', check: { http: { url: 'http://127.0.0.1:8080/health', status: 200, within: '30s' } } },
      { role: 'checked', check: { tcp: { host: '127.0.0.1', port: 8080, within: '5s' } } },
    ]);
  });

  it('check health only where its condition holds', () => {
    const health = `health:\n  - { when: "{{ port == 8080 }}", tcp: { port: 1 } }\n  - { when: "port == 1", tcp: { port: 2 } }`;
    const { catalog } = compiled('- hosts: all\n  roles: [checked]', { 'roles/checked/role.yaml': role(health) });

    expect(catalog.health).toEqual([{ role: 'checked', check: { tcp: { host: '127.0.0.1', port: 1, within: '30s' } } }]);
  });

  it('cannot put a secret into a health check', () => {
    const health = `health: [{ http: { url: "http://127.0.0.1/{{ secrets.token }}" } }]`;
    const { catalog } = compiled('- hosts: all\n  roles: [checked]', { 'roles/checked/role.yaml': role(health) });

    expect(catalog.problems).toMatchObject([{ code: 'secret-not-allowed' }]);
    expect(catalog.health).toEqual([]);
  });
});
