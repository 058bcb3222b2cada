import { describe, expect, it } from 'vitest';
import { vaultText } from '../support/canaries.ts';
import { compileFiles, siteOf } from './compile-rig.ts';

it('the first line of most Ansible templates names who keeps the file, in the words of the inventory where it has some', () => {
  const site = siteOf(`\n- kind: file\n  path: /a\n  content: "# {{ ansible_managed }}\\n"`);

  expect(compileFiles(site).text('file[/a]')).toBe('# Managed by reconcile: what is changed here is undone\n');
  const own = { ...site, 'inventory/host_vars/one.yml': 'ansible_managed: by the web team\n' };
  expect(compileFiles(own).text('file[/a]')).toBe('# by the web team\n');
});

describe('a resource', () => {
  it('is rendered, checked and prepared', () => {
    const { resource, text, problems } = compileFiles(
      siteOf(`
- kind: file
  path: "{{ home }}/motd"
  content: "{{ inventory_hostname }}:{{ port }} {{ facts.os }} {{ revision.short }}\\n"
  mode: "0600"
  tags: [web, "{{ group_names[0] }}"]
  on_drift: report
  prune: confirm`),
    );

    expect(problems).toEqual([]);
    expect(text('file[/srv/app/motd]')).toBe('one:8080 debian abc\n');
    expect(resource('file[/srv/app/motd]')).toMatchObject({
      kind: 'file',
      id: '/srv/app/motd',
      tags: ['web'],
      onDrift: 'report',
      prune: 'confirm',
      sensitive: false,
      mode: 'enforce',
      origin: {
        at: { file: 'desired-state/site.yaml', line: 4, column: 9 },
        assignment: 0,
        variables: [
          { name: 'facts', layer: 'facts' },
          { name: 'group_names', layer: 'magic' },
          { name: 'home', layer: expect.stringContaining('inventory/hosts.yml') as string },
          { name: 'inventory_hostname', layer: 'magic' },
          { name: 'port', layer: expect.stringContaining('inventory/hosts.yml') as string },
          { name: 'revision', layer: 'revision' },
        ],
      },
    });
  });

  it('has the same digest when nothing about it changed', () => {
    const digest = (port: string) =>
      compileFiles(siteOf(`- { kind: file, path: /a, content: "${port}" }`)).resource('file[/a]').digest;

    expect(digest('{{ port }}')).toBe(digest('8080'));
    expect(digest('{{ port }}')).not.toBe(digest('8081'));
  });

  it('comes once per item of a list or mapping', () => {
    const { text, addresses } = compileFiles(
      siteOf(`
- kind: file
  for_each: [a, "{{ port }}"]
  path: "/list/{{ item }}"
  content: ""
- kind: file
  for_each: { x: 1, y: true }
  path: "/map/{{ item.key }}"
  content: "{{ item.value }}"
- kind: file
  for_each: "{{ groups.web }}"
  path: "/host/{{ item }}"
  content: "{{ hostvars[item].port }}"`),
    );

    expect(addresses).toEqual(
      ['/list/a', '/list/8080', '/map/x', '/map/y', '/host/one', '/host/two'].map((path) => `file[${path}]`),
    );
    expect(text('file[/map/y]')).toBe('True');
    expect(text('file[/host/two]')).toBe('8081');
  });

  it.each([
    ['true', true],
    ['"{{ port == 8080 }}"', true],
    ['"port == 8080"', true],
    ['"port is not defined"', false],
    ['"{{ port }}"', true],
    ['"no"', undefined],
    ['"{{ \'no\' }}"', false],
    ['"{{ none }}"', false],
    ['"\'web\' in group_names"', true],
  ])('with "when: %s" is wanted: %s', (when, isWanted) => {
    const { addresses, problems } = compileFiles(siteOf(`- { kind: file, path: /a, content: "", when: ${when} }`));

    expect(addresses).toEqual(isWanted === true ? ['file[/a]'] : []);
    expect(problems).toHaveLength(isWanted === undefined ? 1 : 0);
  });

  it('leaves out what becomes omit', () => {
    const { resource } = compileFiles(siteOf(`- { kind: file, path: /a, content: "", owner: "{{ user | default(omit) }}" }`));

    expect(resource('file[/a]').desired).not.toHaveProperty('owner');
  });

  it('takes a number from a template where it needs a text', () => {
    const { resource, problems } = compileFiles(
      siteOf(`- { kind: command, argv: [sleep, "{{ port }}"], refresh_only: true, name: nap }`),
    );

    expect(problems).toEqual([]);
    expect(resource('command[nap]').desired).toMatchObject({ argv: ['sleep', '8080'] });
  });
});

describe('files and templates', () => {
  const role = (resources: string, more: object = {}) => ({
    'desired-state/site.yaml': 'assignments: [{ hosts: all, roles: [web] }]\n',
    'roles/web/role.yaml': `summary: s\nresources:\n${resources.trim().replaceAll(/^/gm, '  ')}\n`,
    'roles/web/files/own.txt': 'own',
    'roles/web/templates/own.j2': '{% include "part.j2" %} {{ role_name }}\n',
    'roles/web/templates/part.j2': 'part {{ port }}',
    'desired-state/files/own.txt': 'shared own',
    'desired-state/files/shared.txt': 'shared',
    'desired-state/templates/shared.j2': 'shared {{ port }}',
    ...more,
  });

  it.each([
    ['source: own.txt', 'own'],
    ['source: shared.txt', 'shared'],
    ['template: own.j2', 'part 8080 web\n'],
    ['template: shared.j2', 'shared 8080'],
  ])('%s gives "%s": the role first, then what all share', (attribute, expected) => {
    const { text, problems } = compileFiles(role(`- { kind: file, path: /a, ${attribute} }`));

    expect(problems).toEqual([]);
    expect(text('file[/a]')).toBe(expected);
  });

  it.each([
    ["{% include 'part.j2' %}", 'part 8080'],
    ["{% include 'templates/part.j2' %}", 'part 8080'],
    ["{% include 'shared.j2' %}", 'shared 8080'],
    ["{% from 'macros.j2' import row %}{{ row(port) }}", 'row 8080'],
    ["{% extends 'base.j2' %}{% block body %}own{% endblock %}", '<own>'],
  ])('%s takes from the role first, then from what all share', (template, expected) => {
    const { text, problems } = compileFiles(
      role('- { kind: file, path: /a, template: sub/a.j2 }', {
        'roles/web/templates/sub/a.j2': template,
        'desired-state/templates/part.j2': 'not this',
        'desired-state/templates/macros.j2': '{% macro row(x) %}row {{ x }}{% endmacro %}',
        'desired-state/templates/base.j2': '<{% block body %}{% endblock %}>',
      }),
    );

    expect(problems).toEqual([]);
    expect(text('file[/a]')).toBe(expected);
  });

  it('a part that ansible-vault has encrypted is a problem, not text', () => {
    const { problems } = compileFiles(
      role('- { kind: file, path: /a, template: a.j2 }', {
        'roles/web/templates/a.j2': "a\n{% include 'key.j2' %}\n",
        'roles/web/templates/key.j2': vaultText('key\n', 'password'),
      }),
    );

    expect(problems).toEqual([
      expect.stringMatching(
        /^roles\/web\/templates\/a\.j2:2:\d+ .*roles\/web\/templates\/key\.j2 is encrypted by ansible-vault; only/,
      ),
    ]);
  });

  it('a file that changed since it was compiled is not read', () => {
    const files = role('- { kind: file, path: /a, source: own.txt }') as Record<string, string>;
    const { catalog, resource } = compileFiles(files);
    const { content } = resource('file[/a]').desired as { content: { sha256: string; size: number } };

    expect(() => catalog.contents.read({ ...content, sha256: '0'.repeat(64) })).toThrow('no content');
  });

  it.each([
    [
      'source: onw.txt',
      'roles/web/role.yaml:3:37  file[/a]: "source": no file "onw.txt" in roles/web/files/ or desired-state/files/; did you mean "own.txt"?',
    ],
    ['source: ../role.yaml', 'roles/web/role.yaml:3:37  file[/a]: "source": "../role.yaml" is not a path inside files/'],
    ['source: /etc/shadow', 'roles/web/role.yaml:3:37  file[/a]: "source": "/etc/shadow" is not a path inside files/'],
    [
      'template: own.txt',
      'roles/web/role.yaml:3:39  file[/a]: "template": no file "own.txt" in roles/web/templates/ or desired-state/templates/',
    ],
  ])('%s is a problem', (attribute, expected) => {
    expect(compileFiles(role(`- { kind: file, path: /a, ${attribute} }`)).problems).toEqual([expected]);
  });

  it('a problem inside a template stands there, and is listed once for all items', () => {
    const { problems } = compileFiles(
      role('- { kind: file, for_each: [1, 2], path: "/a{{ item }}", template: bad.j2 }', {
        'roles/web/templates/bad.j2': 'a\n {{ prot }}\n',
      }),
    );

    expect(problems).toEqual([
      expect.stringMatching(/^roles\/web\/templates\/bad\.j2:2:5 {2}file\[.*"prot" is undefined; did you mean "port"\?$/),
    ]);
  });

  it('a template that is not text is a problem', () => {
    const { problems } = compileFiles(
      role('- { kind: file, path: /a, template: nul.j2 }', { 'roles/web/templates/nul.j2': 'a\0' }),
    );

    expect(problems).toEqual([expect.stringContaining('roles/web/templates/nul.j2 is not UTF-8 text')]);
  });
});

describe('secrets', () => {
  it('make what they went into sensitive, and stand nowhere in the catalog', () => {
    const { catalog, resource, text } = compileFiles({
      ...siteOf(`
- { kind: file, path: /plain, content: "x" }
- { kind: file, path: /secret, content: "key={{ secrets.token }}" }
- { kind: file, path: /template, template: t.j2 }
- { kind: command, name: c, argv: [run], refresh_only: true, env: { KEY: "{{ secrets.token }}" } }`),
      'desired-state/templates/t.j2': '{{ secrets.token }}\n',
    });

    expect(catalog.problems).toEqual([]);
    expect(text('file[/secret]')).toBe('key=canary-token');
    expect(
      ['file[/plain]', 'file[/secret]', 'file[/template]', 'command[c]'].map((address) => resource(address).sensitive),
    ).toEqual([false, true, true, true]);
    expect(JSON.stringify(catalog)).not.toContain('canary');
  });

  it.each([
    ['{ kind: file, path: "/{{ secrets.token }}", content: "" }', '"path"'],
    ['{ kind: command, argv: [run, "{{ secrets.token }}"], refresh_only: true }', '"argv[1]"'],
    ['{ kind: file, path: /a, content: "", tags: ["{{ secrets.token }}"] }', '"tags'],
    ['{ kind: config, path: /a.yaml, set: "{{ {secrets.token: 1} }}" }', '"set"'],
    ['{ kind: config, path: /a.yaml, set: { a: { b: [1, "{{ {secrets.token: 1} }}"] } } }', '"set.a.b[1]"'],
    ['{ kind: command, argv: [run], creates: /a, env: "{{ {secrets.token: 1} }}" }', '"env"'],
    ['{ kind: file, path: "/{{ item.key }}", content: "", for_each: "{{ {secrets.token: 1} }}" }', '"path"'],
    ['{ kind: file, path: "/{{ item.key }}", content: "", for_each: "{{ {secrets.token: 1} | dict2items }}" }', '"path"'],
  ])('%s would show one', (resource, attribute) => {
    const { catalog, problems } = compileFiles(siteOf(`- ${resource}`));

    expect(catalog.problems).toMatchObject([{ code: 'secret-not-allowed' }]);
    expect(problems[0]).toContain(attribute);
    expect(problems[0]).not.toContain('canary');
  });

  it('that this host cannot read are a problem where they are used', () => {
    const { problems } = compileFiles(siteOf('- { kind: file, path: /a, content: "{{ secrets.foreign }}" }'));

    expect(problems).toEqual([
      'desired-state/site.yaml:4:42  the secret "foreign" cannot be decrypted here: no identity of this host fits; `reconcile doctor` shows which keys this host has',
    ]);
  });
});

it('only the asked kind is compiled', () => {
  const { addresses, problems } = compileFiles(
    siteOf(`
- { kind: file, path: /a, content: "{{ nope }}", notify: ["command[c]"] }
- { kind: directory, path: /d, after: ["file[/a]"] }`),
    { only: ['directory'] },
  );

  expect(problems).toEqual([]);
  expect(addresses).toEqual(['directory[/d]']);
});
