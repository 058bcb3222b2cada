import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/model/problem.ts';
import { absent, badCase } from './bad-case.ts';
import { findProblems, repositoryOf } from './find-problems.ts';

const role = 'summary: A web server.\nparameters:\n  properties:\n    days: { type: integer, default: 30 }\n';
const site = (more = ''): string => `assignments:\n  - hosts: all\n    roles: [{ role: web, with: { days: 14 } }]\n${more}`;
const file = (...lines: readonly string[]): string =>
  `resources:\n  - kind: file\n${lines.map((line) => `    ${line}\n`).join('')}`;

/** Whole lines, as an operator reads them: one mistake, one line that says what to do. */
const mistakes: readonly (readonly [name: string, files: Readonly<Record<string, string>>, line: string])[] = [
  [
    'a mistyped key',
    { 'desired-state/site.yaml': 'assigments: []\n' },
    'desired-state/site.yaml:1:1  unknown key "assigments"; did you mean "assignments"?',
  ],
  [
    'a role that cannot be read, which other documents use with parameters',
    { 'roles/web/role.yaml': `summary: A server: the web\n` },
    'roles/web/role.yaml:1:10  nested mappings are not allowed in compact mappings; put a text that holds ": " into quotes, or check the indentation',
  ],
  [
    'variables that cannot be read, which a resource uses',
    {
      'inventory/group_vars/all.yml': 'a: 1\nb: "x\n',
      'roles/web/role.yaml': role + file('path: /x', 'content: "{{ a }} {{ b }}"'),
    },
    'inventory/group_vars/all.yml:2:4  a quote that is never closed',
  ],
  [
    'a wrong indentation',
    { 'roles/web/role.yaml': `${role}resources:\n  - kind: file\n   path: /x\n` },
    'roles/web/role.yaml:7:1  sequence item without - indicator; check the indentation of this line and of the one above',
  ],
  [
    'a role without its document',
    { 'roles/web/role.yml': role },
    'roles/web/role.yaml:1:1  the role "web" has no role.yaml; rename role.yml to role.yaml',
  ],
  [
    'a window in a mistyped time zone',
    {
      'desired-state/policy.yaml':
        'windows:\n  - { kind: allow, schedule: "0 2 * * *", duration: 1h, time_zone: Europe/Belrin }\n',
    },
    'desired-state/policy.yaml:2:68  the window "0 2 * * * for 1h, Europe/Belrin" names a time zone that does not exist; did you mean "Europe/Berlin"?',
  ],
  [
    'a loop as Ansible writes it',
    { 'roles/web/role.yaml': role + file('with_items: [a, b]', 'path: "/x/a"', 'content: x') },
    'roles/web/role.yaml:7:5  unknown key "with_items"; did you mean "for_each"?',
  ],
  [
    'another name of a required key',
    { 'roles/web/role.yaml': role + file('dest: /x', 'content: x') },
    'roles/web/role.yaml:7:5  unknown key "dest"; did you mean "path"?',
  ],
  [
    'a key that nothing here is like',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: x', 'become: yes') },
    'roles/web/role.yaml:9:5  unknown key "become"; leave it out: a run has the rights of the user who starts it',
  ],
  [
    'a key that no tool has',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: group, name: a, foo: 1 }]\n' },
    'roles/web/role.yaml:5:37  unknown key "foo"; expected one of name, ensure, gid, system; or, as every resource, when, for_each, after, notify, tags, on_drift, prune, sensitive',
  ],
  [
    'a module of Ansible',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: apt, name: jq }]\n' },
    'roles/web/role.yaml:5:21  no kind "apt"; did you mean "package"?',
  ],
  [
    'modules that no kind stands for',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: ansible.posix.mount, path: /x }]\n' },
    'roles/web/role.yaml:5:21  no kind "ansible.posix.mount"; a `service` has the unit: name: srv-data.mount',
  ],
  [
    'a module of Ansible by its whole name',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: ansible.builtin.copy, path: /x }]\n' },
    'roles/web/role.yaml:5:21  no kind "ansible.builtin.copy"; did you mean "file"?',
  ],
  [
    'a module that is called as here, by its whole name',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: ansible.builtin.cron, name: x }]\n' },
    'roles/web/role.yaml:5:21  no kind "ansible.builtin.cron"; did you mean "cron"?',
  ],
  [
    'a task of Ansible',
    { 'roles/web/role.yaml': role + 'resources:\n  - name: jq\n    apt: { name: jq }\n' },
    'roles/web/role.yaml:6:5  "kind" is missing; a resource is `kind: KIND` with its attributes beside it',
  ],
  [
    'conditions as Ansible lists them',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: x', 'when: [days > 7, days < 9]') },
    'roles/web/role.yaml:9:11  "when": expected one condition, with "and" between its parts; got a list',
  ],
  [
    'hosts as Ansible lists them',
    { 'desired-state/site.yaml': 'assignments:\n  - hosts: [web, db]\n    roles: []\n' },
    'desired-state/site.yaml:2:12  "hosts": expected one text for all of them, such as "web:db"; got a list',
  ],
  [
    'a play of Ansible',
    { 'desired-state/site.yaml': '- hosts: web\n  roles: [web]\n' },
    'desired-state/site.yaml:1:1  expected a mapping with the list below "assignments"; got a list',
  ],
  [
    'a fact of Ansible',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: x', 'when: ansible_os_family == "Debian"') },
    'roles/web/role.yaml:9:11  "ansible_os_family" is undefined; write \'debian\' in facts.os_family: it is a list, in small letters',
  ],
  [
    'a variable that Ansible finds by its name',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: "{{ vars[\'port_\' ~ 1] }}"') },
    'roles/web/role.yaml:8:14  "vars" is undefined; hostvars[inventory_hostname][NAME] is a variable by its name',
  ],
  [
    'a condition of which a part is a template',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: x', 'when: "{{ days }} > 7 and true"') },
    'roles/web/role.yaml:9:11  "when": expected true or false, found a string; write all of it without {{ and }}, as one expression',
  ],
  [
    'an item without a loop',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: "{{ item }}"') },
    'roles/web/role.yaml:8:14  "item" is undefined; only a resource with "for_each" has it',
  ],
  [
    'a handler of Ansible',
    {
      'roles/web/role.yaml':
        role + 'resources:\n  - { kind: service, name: nginx }\n  - { kind: link, path: /x, target: y, notify: restart nginx }\n',
    },
    'roles/web/role.yaml:7:48  link[/x]: "notify" names "restart nginx", which nothing here declares; did you mean "service[nginx]"?',
  ],
  [
    'a unit with its suffix',
    {
      'roles/web/role.yaml':
        role +
        'resources:\n  - { kind: service, name: nginx }\n  - { kind: link, path: /x, target: y, notify: "service[nginx.service]" }\n',
    },
    'roles/web/role.yaml:7:48  link[/x]: "notify" names service[nginx.service], which nothing here declares; did you mean "service[nginx]"?',
  ],
  [
    'no address',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: link, path: /x, target: y, after: webserver }]\n' },
    'roles/web/role.yaml:5:55  link[/x]: "after" names webserver, which nothing here declares; an address is a kind and a name: file[/etc/motd], service[nginx]',
  ],
  [
    'a word for true',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: service, name: a, enabled: yes }]\n' },
    'roles/web/role.yaml:5:48  "enabled": expected true or false, got a text; write true: yes is a text in YAML 1.2',
  ],
  [
    'a word for true where a template would do too',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: link, path: /x, target: y, sensitive: on }]\n' },
    'roles/web/role.yaml:5:59  "sensitive": expected true or false or a template ("{{ ... }}"), got a text; write true: on is a text in YAML 1.2',
  ],
  [
    'a word for false in a parameter',
    {
      'roles/web/role.yaml': 'summary: x\nparameters: { properties: { tls: { type: boolean } } }\nresources: []\n',
      'desired-state/site.yaml': 'assignments:\n  - { hosts: all, roles: [{ role: web, with: { tls: no } }] }\n',
    },
    'desired-state/site.yaml:2:53  parameter "tls" of role "web" must be true or false; write false: no is a text in YAML 1.2',
  ],
  [
    'a comparison with one sign',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: x', 'when: inventory_hostname = "x"') },
    'roles/web/role.yaml:9:11  template syntax: expected "}}"; "==" compares',
  ],
  [
    'a mistyped tag',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: "{% for a in [] %}{% endfr %}"') },
    'roles/web/role.yaml:8:14  template syntax: unknown block tag: endfr; did you mean "endfor"?',
  ],
  [
    'a block without an end',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: "{% for a in [] %}"') },
    'roles/web/role.yaml:8:14  template syntax: unexpected end of file; {% if %} needs {% endif %}, {% for %} needs {% endfor %}',
  ],
  [
    'a conflict of git',
    { 'inventory/group_vars/all.yml': '<<<<<<< HEAD\na: b\n=======\na: c\n>>>>>>> x\n' },
    'inventory/group_vars/all.yml:1:1  a conflict that git has left here; choose between its two sides, and remove the lines with <<<<<<<, ======= and >>>>>>>',
  ],
  [
    'parameters without "properties"',
    { 'roles/web/role.yaml': role.replace('  properties:\n  ', ''), 'desired-state/site.yaml': site() },
    'desired-state/site.yaml:3:34  role "web" has no parameter "days"; put it under "properties:" of the role\'s parameters',
  ],
  [
    'a parameter that is only its default',
    { 'roles/web/role.yaml': role.replace('{ type: integer, default: 30 }', '30'), 'desired-state/site.yaml': site() },
    'roles/web/role.yaml:3:3  the parameters of role "web" are not a JSON Schema: schema/properties/days must be object,boolean; write each under "properties:", as in days: { type: integer, default: 30 }',
  ],
  [
    'a mode without quotes',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: x', 'mode: 0644') },
    'roles/web/role.yaml:9:11  "mode": a mode must be written in quotes, such as "0644": without them YAML reads a number',
  ],
  [
    'a mode that a variable has without quotes',
    {
      'inventory/group_vars/all.yml': 'file_mode: 0644\n',
      'roles/web/role.yaml': role + file('path: /x', 'content: x', 'mode: "{{ file_mode }}"'),
    },
    'roles/web/role.yaml:9:11  "mode": a mode must be written in quotes, such as "0644": without them YAML reads a number; put the quotes where the variable gets its value',
  ],
  [
    'an argument without quotes',
    { 'roles/web/role.yaml': role + 'resources: [{ kind: command, argv: [sleep, 5], creates: /x }]\n' },
    'roles/web/role.yaml:5:44  "argv[1]": expected a text, got a whole number; write it in quotes',
  ],
  [
    'a pattern that is an alias for YAML',
    { 'desired-state/site.yaml': 'assignments: [{ hosts: *, roles: [] }]\n' },
    'desired-state/site.yaml:1:24  alias cannot be an empty string; put a text that begins with "*" into quotes',
  ],
  [
    'a parameter of a wrong type',
    { 'roles/web/role.yaml': role, 'desired-state/site.yaml': site().replace('14', 'many') },
    'desired-state/site.yaml:3:40  parameter "days" of role "web" must be a whole number',
  ],
  [
    'a path in the place of an address',
    { 'roles/web/role.yaml': `${role}${file('path: /x', 'content: x')}  - { kind: link, path: /y, target: x, after: /x }\n` },
    'roles/web/role.yaml:9:47  link[/y]: "after" names /x, which nothing here declares; did you mean "file[/x]"?',
  ],
  [
    'an hour that does not exist',
    { 'roles/web/role.yaml': `${role}resources:\n  - { kind: cron, name: a, schedule: 0 25 * * *, command: b }\n` },
    'roles/web/role.yaml:6:38  cron[root/a]: "schedule": hour: 25 is outside 0-23',
  ],
  [
    'a word that an attribute does not know',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: x', 'on_drift: haal') },
    'roles/web/role.yaml:9:15  "on_drift": expected one of heal, report, hold or a template ("{{ ... }}"); did you mean "heal"?',
  ],
  [
    'a secret that nobody has set',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: "{{ secrets.token }}"') },
    'roles/web/role.yaml:8:14  there is no secret "token": desired-state/secrets/ has no token.age; `reconcile secret set token < FILE` writes it',
  ],
  [
    'braces that are not closed',
    { 'roles/web/role.yaml': role + file('path: /x', 'content: "{{ days }"') },
    'roles/web/role.yaml:8:14  template syntax: expected "}}"',
  ],
  [
    'an INI inventory beside variables of its groups',
    {
      'inventory/hosts.yml': '[web]\nbox\n',
      'inventory/group_vars/web.yml': 'a: 1\n',
      'desired-state/site.yaml': 'assignments: []\n',
    },
    'inventory/hosts.yml:1:1  an INI inventory; INI, TOML and script inventories: `ANSIBLE_VARS_ENABLED=none ansible-inventory -i inventory/hosts.yml --list --yaml --export` writes them as YAML',
  ],
  [
    'a directory in the place of a file',
    { 'roles/web/role.yaml': role + file('path: /x', 'source: static'), 'roles/web/files/static/a': 'a' },
    'roles/web/role.yaml:8:13  file[/x]: "source": no file "static" in roles/web/files/ or desired-state/files/; it is a directory; "kind: tree" copies one',
  ],
  [
    'a mistyped directory',
    {
      'roles/web/role.yaml': `${role}resources:\n  - { kind: tree, path: /x, source: statik }\n`,
      'roles/web/files/static/a': 'a',
    },
    'roles/web/role.yaml:6:37  tree[/x]: "source": no files in a directory "statik" of roles/web/files/ or desired-state/files/; did you mean "static"?',
  ],
  [
    'roles that depend on each other',
    {
      'roles/web/role.yaml': `${role}depends: [db]\n${file('path: /x', 'content: x')}`,
      'roles/db/role.yaml': 'summary: x\ndepends: [web]\nresources: [{ kind: directory, path: /y }]\n',
    },
    'roles/web/role.yaml:5:10  roles depend on each other in a circle: web → db → web',
  ],
  [
    'a slot that names no provider',
    {
      'roles/web/role.yaml': `${role}resources:\n  - { kind: provider_chain, path: /x.yaml, chain: [{ provider: kimi-codin, model: k }] }\n`,
    },
    'roles/web/role.yaml:6:64  provider_chain[/x.yaml]: "chain[0].provider": no provider "kimi-codin"; did you mean "kimi-coding"?',
  ],
];

describe('one mistake is one line that says where, what and what to do:', () => {
  it.each(mistakes)('%s', (_name, files, line) => {
    const all = { 'desired-state/site.yaml': site(), 'roles/web/role.yaml': role, ...files };
    const used = 'roles/web/role.yml' in files ? { ...all, 'roles/web/role.yaml': absent } : all;

    const problems = findProblems(repositoryOf({ ...badCase('all', 'x', { x: '¦' }), files: used }));

    expect(problems.map(formatProblem)).toEqual([line]);
  });
});
