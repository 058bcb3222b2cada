import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/model/problem.ts';
import { loadDocuments } from '../../src/source/load.ts';
import { memoryTree } from '../inventory/memory-tree.ts';

const load = (files: { readonly [path: string]: string }) => loadDocuments(memoryTree(files));
const lines = (files: { readonly [path: string]: string }) => load(files).problems.map(formatProblem);
const site = { 'desired-state/site.yaml': 'assignments: []\n' };

describe('loadDocuments', () => {
  it('reads the bundled repository without a problem', () => {
    const repository = new URL('../..', import.meta.url).pathname;
    const paths = globSync(['desired-state/*.yaml', 'roles/*/role.yaml', 'inventory/**/*.yml'], { cwd: repository });
    const documents = load(Object.fromEntries(paths.map((path) => [path, readFileSync(join(repository, path), 'utf8')])));

    expect([...documents.problems, ...documents.inventory.problems]).toEqual([]);
    expect(documents.site?.value.assignments.length).toBeGreaterThan(0);
    expect([...documents.roles.keys()]).toEqual([...documents.roles.keys()].sort());
    expect(documents.roles.size).toBeGreaterThan(3);
  });

  it('fills in defaults', () => {
    const {
      site: found,
      policy,
      rollout,
      roles,
    } = load({
      'desired-state/site.yaml': 'assignments: [{hosts: all, roles: [web, {role: db}]}]\n',
      'roles/web/role.yaml': 'summary: A web server.\n',
    });

    expect(found?.value.assignments).toEqual([
      { hosts: 'all', mode: 'enforce', roles: ['web', { role: 'db', with: {} }], resources: [] },
    ]);
    expect(policy.destroy).toEqual({ max_delete: 10, max_delete_percent: 20 });
    expect(rollout).toBeUndefined();
    expect(roles.get('web')?.value).toEqual({
      summary: 'A web server.',
      depends: [],
      parameters: {},
      resources: [],
      health: [],
    });
  });

  it('needs a site', () => {
    expect(lines({})).toEqual(['desired-state/site.yaml:1:1  the repository has no site.yaml']);
    expect(lines({ 'desired-state/site.yml': 'assignments: []\n' })).toContain(
      'desired-state/site.yml:1:1  a document that nothing reads; did you mean site.yaml?',
    );
  });

  it('lists the problems of all documents at once, each file in the order of its lines', () => {
    expect(
      lines({
        'desired-state/site.yaml': 'assignments:\n  - hosts: 1\n    mod: observe\n',
        'desired-state/policy.yaml': 'allow_empty: maybe\n',
        'desired-state/rollout.yaml': 'on_halt: rollback_al\nwaves: [{ name: all, hosts: all }]\n',
        'roles/web/role.yaml': 'sumary: x\nhealth:\n  - http: {urll: x}\n',
        'roles/db/role.yml': 'summary: x\n',
      }),
    ).toEqual([
      'desired-state/site.yaml:2:12  "hosts": expected a text, got a whole number; write it in quotes',
      'desired-state/site.yaml:3:5  unknown key "mod"; did you mean "mode"?',
      'desired-state/policy.yaml:1:14  "allow_empty": expected true or false, got a text',
      'desired-state/rollout.yaml:1:10  "on_halt": expected one of rollback_failed, rollback_all, keep; did you mean "rollback_all"?',
      'roles/db/role.yaml:1:1  the role "db" has no role.yaml; rename role.yml to role.yaml',
      'roles/web/role.yaml:1:1  unknown key "sumary"; did you mean "summary"?',
      'roles/web/role.yaml:3:12  unknown key "urll"; did you mean "url"?',
    ]);
  });

  it('keeps what is right in a document with wrong keys, so that later stages find their problems too', () => {
    const { site: found, problems } = load({
      'desired-state/site.yaml': 'assignmnts: []\nassignments:\n  - {hosts: all, mode: obsrve, roles: [web]}\n',
    });

    expect(problems.map(({ code }) => code)).toEqual(['unknown-key', 'wrong-type']);
    expect(found?.value.assignments).toEqual([{ hosts: 'all', mode: 'enforce', roles: ['web'], resources: [] }]);
  });

  it('has an empty role in the place of one that cannot be read', () => {
    const { roles, problems } = load({ ...site, 'roles/web/role.yaml': 'summary: [\n' });

    expect(problems).toHaveLength(1);
    expect(roles.get('web')?.value.resources).toEqual([]);
  });

  it('reads no file that is too large', () => {
    const tree = memoryTree(site);
    const large = { path: 'roles/web/role.yaml', executable: false, size: 1_048_577 };
    const read: string[] = [];
    const { problems } = loadDocuments({
      ...tree,
      list: (directory) => (directory === 'roles' ? [large] : tree.list(directory)),
      read(path) {
        read.push(path);
        return tree.read(path);
      },
    });

    expect(problems.map(formatProblem)).toEqual([
      'roles/web/role.yaml:1:1  the file has 1048577 bytes; expected at most 1048576',
    ]);
    expect(read).not.toContain('roles/web/role.yaml');
  });

  it('says that a file went away', () => {
    const tree = memoryTree(site);

    expect(loadDocuments({ ...tree, read: () => undefined }).problems.map(({ code }) => code)).toEqual(['missing-file']);
  });

  it('leaves problems of the inventory to those who read it', () => {
    const { problems, inventory } = load({ ...site, 'inventory/hosts.yml': 'all: [\n' });

    expect(problems).toEqual([]);
    expect(inventory.problems.map(({ code }) => code)).toEqual(['yaml-syntax']);
  });
});
