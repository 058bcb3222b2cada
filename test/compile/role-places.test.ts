import { expect, it } from 'vitest';
import { compileFiles } from './compile-rig.ts';

const compiled = (assignments: string) =>
  compileFiles({
    'roles/base/role.yaml': 'summary: s\nresources: [{ kind: file, path: /base, content: "" }]\n',
    'roles/app/role.yaml': 'summary: s\ndepends: [base]\nresources: [{ kind: file, path: /app, content: "" }]\n',
    'roles/other/role.yaml': 'summary: s\ndepends: [base]\nresources: [{ kind: file, path: /other, content: "" }]\n',
    'desired-state/site.yaml': `assignments:\n${assignments.trim().replaceAll(/^/gm, '  ')}\n`,
  });

it('a role has the mode of a place whose "when" is true, and so has one that only others need', () => {
  const { resource, problems } = compiled(`
- hosts: all
  mode: observe
  roles: [{ role: app, when: "{{ port == 1 }}" }]
- hosts: all
  roles: [{ role: app, when: "{{ port == 8080 }}" }]
- hosts: all
  roles: [{ role: other, when: "{{ port == 1 }}" }]
- hosts: all
  mode: observe
  roles: [{ role: other, when: "{{ port == 8080 }}" }]`);

  expect(problems).toEqual([]);
  expect(resource('file[/app]').mode).toBe('enforce');
  expect(resource('file[/base]').mode).toBe('enforce');
  expect(resource('file[/other]').mode).toBe('observe');
});

it('a role that is needed by one that is enforced is enforced, whoever else only looks', () => {
  const { resource } = compiled('- hosts: all\n  mode: observe\n  roles: [app]\n- hosts: all\n  roles: [other]');

  expect(resource('file[/app]').mode).toBe('observe');
  expect(resource('file[/base]').mode).toBe('enforce');
});

it('a role that is enforced in one place and only observed in another is a problem', () => {
  const { problems } = compiled('- hosts: all\n  roles: [base]\n- hosts: web\n  mode: observe\n  roles: [app, base]');

  expect(problems).toEqual([
    'desired-state/site.yaml:6:18  role "base" is used twice, and only observed in one of the places; a host has each role once',
  ]);
});

it('a role carries the tags of all places that name it, or that need it where none does', () => {
  const { resource } = compiled(`
- hosts: all
  tags: [a]
  roles: [app]
- hosts: web
  tags: [b]
  roles: [app, other]
- hosts: web
  tags: [c]
  roles: [{ role: app, when: "{{ port == 1 }}" }]`);

  expect(resource('file[/app]').tags).toEqual(['a', 'b']);
  expect(resource('file[/base]').tags).toEqual(['a', 'b']);
  expect(resource('file[/other]').tags).toEqual(['b']);
});
