import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/report/render-explanation.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { explanationsSchema } from '../../src/report/answer-schemas.ts';
import { expectDocumented } from '../support/documented.ts';

const role = `summary: Everything that can be explained.
parameters:
  properties:
    size: { type: integer, default: 7 }
resources:
  - kind: file
    path: /etc/made
    template: made.j2
    mode: '0444'
    tags: [text]
    notify: ["command[reload]"]
  - kind: command
    name: reload
    argv: ['true']
    refresh_only: true
  - kind: tree
    path: /srv/tree
    source: overlay
  - kind: config
    path: /etc/app.yaml
    set: { server: { port: "{{ of_group }}", name: app } }
  - kind: cron
    name: nightly
    in: cron.d
    schedule: '15 3 * * *'
    command: /srv/tree/run
  - kind: file
    path: /etc/leaves
    content: "soon gone\\n"
`;

let repository: Repository;
beforeAll(() => {
  repository = makeRepository('', {
    'desired-state/site.yaml': 'assignments:\n  - hosts: all\n    roles: [everything]\n',
    'inventory/hosts.yml':
      'all:\n  children:\n    web:\n      hosts:\n        box:\n          of_host: 1\n      vars:\n        in_inventory: 4\n',
    'inventory/group_vars/web.yml': 'of_group: 2\n',
    'inventory/host_vars/box.yml': '# the box\nof_host_file: 3\n',
    'roles/everything/role.yaml': role,
    'roles/everything/templates/made.j2':
      '{{ of_host }} {{ of_group }} {{ of_host_file }} {{ in_inventory }} {{ size }} {{ inventory_hostname }}\n',
    'roles/everything/files/overlay/run': '#!/bin/sh\necho one\n',
    'roles/everything/files/overlay/other': 'other\n',
  });
  repository.commit('first');
  repository.run();
  repository.write('roles/everything/files/overlay/run', '#!/bin/sh\necho two\n');
  repository.commit('second');
  repository.write('roles/everything/role.yaml', role.slice(0, role.lastIndexOf('  - kind: file')));
});
afterAll(() => repository[Symbol.dispose]());

const explain = (target: string): readonly Explanation[] => {
  const { stdout } = repository.run(['explain', target, '-o', 'json']);
  expectDocumented(explanationsSchema, stdout);
  return JSON.parse(stdout) as readonly Explanation[];
};
const textOf = (target: string): string => repository.run(['explain', target]).stdout;

describe('explain', () => {
  it('of a file from a template names template, every layer of variables, commit, last run and why it acted', () => {
    const [file] = explain('/etc/made');

    expect(file).toMatchObject({
      address: 'file[/etc/made]',
      desired: { path: '/etc/made', mode: '0444' },
      content: '1 2 3 4 7 box',
      role: 'everything',
      origin: 'roles/everything/role.yaml:6:5',
      commit: { author: 'Ada', subject: 'first' },
      source: { file: 'roles/everything/templates/made.j2', commit: { author: 'Ada', subject: 'first' } },
      notify: ['command[reload]'],
      tags: ['text'],
      now: null,
      runs: [{ outcome: 'changed', cause: 'upstream', action: 'create' }],
    });
    expect(file?.lastApplied?.revision).toMatch(/^[0-9a-f]{40}$/);
    expect(file?.variables).toEqual([
      { name: 'in_inventory', layer: 'inventory/hosts.yml (group web)', at: 'inventory/hosts.yml:8:23' },
      { name: 'inventory_hostname', layer: 'magic' },
      { name: 'of_group', layer: 'inventory/group_vars/web.yml', at: 'inventory/group_vars/web.yml:1:11' },
      { name: 'of_host', layer: 'inventory/hosts.yml (host box)', at: 'inventory/hosts.yml:6:20' },
      { name: 'of_host_file', layer: 'inventory/host_vars/box.yml', at: 'inventory/host_vars/box.yml:2:15' },
      { name: 'size', layer: 'role everything' },
    ]);
    expect(textOf('/etc/made')).toContain('of_host: inventory/hosts.yml:6:20 (host box)');
  });

  it('of a member of a tree tells of that file: mode, text, source, commit, and what would change now', () => {
    const [tree] = explain('/srv/tree/run');

    expect(tree).toMatchObject({
      address: 'tree[/srv/tree]',
      member: { path: '/srv/tree/run', mode: '0755' },
      content: '#!/bin/sh\necho two',
      source: { file: 'roles/everything/files/overlay/run', commit: { subject: 'second' } },
      now: { cause: 'upstream', action: 'update', changes: [{ field: 'run' }] },
    });
    expect(textOf('/srv/tree/run')).not.toContain('other');
  });

  it('of a config tells every key with its value', () => {
    const [config] = explain('/etc/app.yaml');

    expect(config?.desired?.['leaves']).toEqual({ 'server.port': 2, 'server.name': 'app' });
    expect(config?.variables.map(({ name }) => name)).toEqual(['of_group']);
    expect(textOf('/etc/app.yaml')).toContain('server.port: 2\n');
  });

  it('of a command says how long it may take as the configuration does', () => {
    expect(textOf('command[reload]')).toMatch(/timeout: \d+[smh]\n/);
  });

  it.each(['/etc/cron.d/nightly', 'cron[cron.d/nightly]', 'cron[nightly]'])(
    'of a cron job is found by its file and by its address: %s',
    (target) => {
      expect(explain(target)).toMatchObject([{ address: 'cron[cron.d/nightly]', origin: 'roles/everything/role.yaml:22:5' }]);
      expect(textOf(target)).toContain('| 15 3 * * * root /srv/tree/run');
    },
  );

  it('of what has left git says where it was, and that it will go', () => {
    const [orphan] = explain('/etc/leaves');

    expect(orphan).toMatchObject({
      desired: null,
      origin: 'roles/everything/role.yaml:27:5',
      now: { cause: 'orphan', action: 'remove', origin: 'roles/everything/role.yaml:27:5' },
    });
    expect(textOf('/etc/leaves')).toContain('nothing: it is no longer in git');
    expect(textOf('/etc/leaves')).toContain('was roles/everything/role.yaml:27:5');
  });

  it('finds paths where the last resource of a kind has left git, and stays', () => {
    const file = '- { kind: file, path: /etc/stays, content: "x\\n" }\n';
    using place = makeRepository(`${file}- { kind: config, path: /etc/left.yaml, set: { a: 1 }, prune: no }\n`);
    expect(place.run().exit).toBe(0);
    place.write('desired-state/site.yaml', site(file));

    for (const target of ['/etc/stays', '/etc/left.yaml']) {
      const { exit, stdout, stderr } = place.run(['explain', target]);
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
      expect(stdout).toContain(`[${target}]`);
    }
    expect(place.run(['explain', '/nope']).stderr).toContain('nothing manages /nope on this host');
  });

  it('of a path that ends in a slash is as of the path', () => {
    for (const target of ['/etc/made', '/srv/tree']) expect(textOf(`${target}/`)).toBe(textOf(target));
  });

  it('of what differs tells why it would act', () => {
    mkdirSync(join(repository.root, 'etc'), { recursive: true });
    const file = join(repository.root, 'etc/made');
    rmSync(file);
    writeFileSync(file, 'mine\n');

    expect(explain('/etc/made')[0]?.now).toMatchObject({ cause: 'drift', action: 'update' });
    expect(textOf('/etc/made')).toContain('drift: changed on this host');
  });

  it('where another resource has a problem, says that it is not known what would change', () => {
    using place = makeRepository(`
- { kind: file, path: /etc/good, content: "x" }
- { kind: file, path: /etc/bad, content: "{{ nope }}" }
`);

    const [good] = JSON.parse(place.run(['explain', '/etc/good', '-o', 'json']).stdout) as [Explanation];

    expect(good).toMatchObject({ now: null, nowUnknown: 'the configuration has problems' });
    expect(place.run(['explain', '/etc/good']).stdout).toContain('not known: the configuration has problems\n');
  });

  it('finds a job by its name alone', () => {
    expect(explain('nightly').map(({ address }) => address)).toEqual(['cron[cron.d/nightly]']);
  });

  it('of a path that nothing manages says so, the nearest, and what stands above it', () => {
    const { exit, stdout } = repository.run(['explain', '/srv/tree/rnu']);

    expect(stdout).toMatch(
      /^nothing manages \/srv\/tree\/rnu on this host; did you mean [^\n]*\? Above it stands:\n\ntree\[\/srv\/tree\]/,
    );
    expect(exit).toBe(0);
    const bare = repository.run(['explain', '/srv/tree-of-others/x']);
    expect(bare.stderr).toMatch(/hint: name a path or an address, such as \w+\[[^\]]+\]\n/);
    const nowhere = repository.run(['explain', '/etc/made2']);
    expect(nowhere.stderr).toContain('nothing manages /etc/made2 on this host\nhint: did you mean /etc/made?');
    expect(nowhere.exit).toBe(64);
  });
});

describe('explain of what is sensitive says where it is and whose, and nothing else, of', () => {
  const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIHRoZXktY2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5';
  const cases: readonly (readonly [kind: string, target: string, attributes: string])[] = [
    ['authorized_key', 'authorized_key[root/one]', `user: root, key: "ssh-ed25519 ${key} canary", name: one`],
    ['command', 'command[told]', 'name: told, argv: [login, canary], env: { TOKEN: canary }, creates: /canary'],
    ['compose', 'compose[app]', 'project: app, path: /srv/compose.yml, content: "services: { canary: {} }\\n"'],
    ['config', '/etc/c.ini', 'path: /etc/c.ini, mode: "0640", set: { s: { path: canary } }'],
    ['cron', 'cron[root/told]', 'name: told, user: root, schedule: "1 2 3 4 *", command: canary'],
    ['cron', '/etc/cron.d/told', 'name: told, in: cron.d, schedule: "1 2 3 4 *", command: canary'],
    ['download', '/srv/got', `path: /srv/got, url: 'https://files.example/canary', sha256: ${'0a'.repeat(32)}`],
    ['file', '/etc/f', 'path: /etc/f, content: "canary\\n"'],
    ['file', '/etc/t', 'path: /etc/t, template: t.j2'],
    ['firewall', 'firewall[ufw]', 'enabled: true, rules: [{ action: allow, interface: canary0 }]'],
    ['git', '/srv/checkout', 'path: /srv/checkout, repo: "https://git.example/canary.git", ref: canary'],
    ['link', '/etc/l', 'path: /etc/l, target: /srv/canary'],
    ['package', 'package[told]', 'name: told, names: [canary]'],
    [
      'provider_chain',
      '/etc/p.yaml',
      `path: /etc/p.yaml, format: hermes, chain: [{ provider: ollama, base_url: "http://localhost:11434/v1", model: canary }]`,
    ],
    ['service', 'service[told]', 'name: told, unit: "[Service]\\nExecStart=/bin/canary\\n"'],
    ['sqlite', '/srv/d.db', 'path: /srv/d.db, schema: "CREATE TABLE t (canary INTEGER PRIMARY KEY);"'],
    ['sysctl', 'sysctl[kernel.hostname]', 'key: kernel.hostname, value: canary'],
    ['timer', 'timer[told]', 'name: told, every: 1h, description: canary'],
    ['tree', '/srv/tree', 'path: /srv/tree, source: overlay'],
    ['user', 'user[bob]', 'name: bob, comment: canary'],
  ];
  let place: Repository;
  beforeAll(() => {
    place = makeRepository(
      cases.map(([kind, , attributes]) => `- { kind: ${kind}, ${attributes}, sensitive: true }\n`).join(''),
      {
        'desired-state/files/overlay/member': 'canary\n',
        'desired-state/templates/t.j2': 'canary\n',
      },
    );
  });
  afterAll(() => place[Symbol.dispose]());

  it.each([...cases, ['a member of a tree', '/srv/tree/member', ''] as const])('%s: %s', (_kind, target) => {
    const { exit, stderr, stdout } = place.run(['explain', target, '-o', 'json']);

    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toContain('<secret>');
    expect(stdout).not.toMatch(/canary|sha256|AAAAC3/);
  });

  it('keys of a file, in the text too', () => {
    const { stdout } = place.run(['explain', '/etc/c.ini']);

    for (const told of ['path: /etc/c.ini\n', 'leaves: <secret>\n', 'mode: 0640\n']) expect(stdout).toContain(told);
    expect(stdout).not.toContain('canary');
  });

  it('of a file without how it may be changed, which is no secret', () => {
    const { stdout } = place.run(['explain', '/etc/f']);

    expect(stdout).toMatch(/content: <secret>\n +max_shrink: 50\n/);
  });
});
