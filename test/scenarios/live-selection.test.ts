import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';

const file = (name: string, more = ''): string => `- { kind: file, path: "{{ base }}/${name}", content: "${name}"${more} }\n`;
const there = ({ base }: LiveRepository): string[] => readdirSync(base);
const told = ({ steps }: Report): string[] =>
  steps.map(({ address, cause, outcome }) => `${address.replace(/\[.*\//, '[')} ${cause} ${outcome}`);
const role = (name: string, more = ''): Record<string, string> => ({
  [`roles/${name}/role.yaml`]: `summary: ${name}\nresources:\n  - { kind: file, path: "{{ base }}/${name}", content: x }\n${more}`,
});

describe('--tags', () => {
  const site = `assignments:
  - hosts: all
    tags: assignment
    roles:
      - { role: tagged, tags: [use] }
      - plain
    resources:
      - { kind: file, path: "{{ base }}/one", content: x, tags: [one, both] }
      - { kind: file, path: "{{ base }}/two", content: x, tags: both }
  - hosts: all
    resources:
      - { kind: file, path: "{{ base }}/none", content: x }
`;
  const make = (): LiveRepository => {
    const live = makeLiveRepository('', { ...role('tagged'), ...role('plain') });
    live.write('desired-state/site.yaml', site);
    return live;
  };

  it.each([
    ['one', ['one']],
    ['both', ['one', 'two']],
    ['use', ['tagged']],
    ['assignment', ['one', 'plain', 'tagged', 'two']],
    ['one,use', ['one', 'tagged']],
    [' one , use ', ['one', 'tagged']],
    ['unknown', []],
  ])('%s does what has one of them, of the resource, the role use or the assignment', (tags, expected) => {
    using live = make();

    const report = live.report(['--tags', tags]);

    expect(report.exit).toBe(0);
    expect(there(live)).toEqual(expected);
    expect(report.counts).toMatchObject({ create: expected.length, held: 5 - expected.length });
  });

  it('leaves others alone: nothing is pruned, repaired or taken into the ledger, and the next full run does it all', () => {
    using live = make();
    live.run();
    live.write('desired-state/site.yaml', site.replace(/ {6}- .*two.*\n/, ''));
    live.put('plain', 'edited');
    live.put('one', 'edited');

    const report = live.report(['--tags', 'one']);

    expect(told(report).sort()).toEqual(['file[one] drift changed', 'file[plain] drift held', 'file[two] orphan held']);
    expect(readFileSync(join(live.base, 'plain'), 'utf8')).toBe('edited');
    expect(existsSync(join(live.base, 'two'))).toBe(true);
    expect(live.report(['--check', '--tags', 'one'])).toMatchObject({ exit: 0 });
    expect(told(live.report(['--check'])).sort()).toEqual(['file[plain] drift pending', 'file[two] orphan pending']);
    expect(live.report().exit).toBe(0);
    expect(existsSync(join(live.base, 'two'))).toBe(false);
  });

  it('does not make its own what it did not choose, so that it is not removed later', () => {
    using live = make();
    live.put('none', 'x');
    live.run(['--tags', 'one']);
    live.write('desired-state/site.yaml', site.slice(0, site.lastIndexOf('  - hosts')));

    expect(live.report().exit).toBe(0);
    expect(existsSync(join(live.base, 'none'))).toBe(true);
  });
});

describe('when', () => {
  it('a resource whose condition turns false is treated as one that left git', () => {
    const site = (isWanted: boolean): string =>
      file('a', `, when: ${isWanted}`) + file('b', `, when: ${isWanted}, prune: no`) + file('c');
    using live = makeLiveRepository(site(true));
    live.run();
    live.resources(site(false));

    expect(live.report(['--check'])).toMatchObject({ exit: 2 });
    expect(told(live.report())).toEqual(['file[b] orphan unchanged', 'file[a] orphan changed']);
    expect(there(live)).toEqual(['b', 'c']);
    live.resources(site(true));
    expect(told(live.report())).toEqual(['file[a] upstream changed', 'file[b] adopted unchanged']);
  });

  it('of a role use decides about all of it, and templates see the host', () => {
    using live = makeLiveRepository('', { ...role('tagged'), ...role('plain') });
    live.write(
      'desired-state/site.yaml',
      `assignments:
  - hosts: all
    roles: [{ role: tagged, when: "{{ inventory_hostname == 'box' }}" }, { role: plain, when: "{{ inventory_hostname != 'box' }}" }]
`,
    );

    expect(live.report().exit).toBe(0);
    expect(there(live)).toEqual(['tagged']);
  });
});

it('for_each makes one resource per item, and an item that goes takes its resource with it', () => {
  const site = (items: string): string =>
    `- { kind: file, for_each: ${items}, path: "{{ base }}/{{ item }}", content: x }\n` + file('z');
  using live = makeLiveRepository(site('[a, b, c]'), { 'desired-state/policy.yaml': 'destroy: { max_delete_percent: 50 }\n' });
  live.run();
  expect(there(live)).toEqual(['a', 'b', 'c', 'z']);
  live.resources(site('[c, d]'));

  expect(live.report()).toMatchObject({ exit: 0, counts: { create: 1, remove: 2 } });
  expect(there(live)).toEqual(['c', 'd', 'z']);
});

it('after and depends order resources across roles, whatever the files of one say about the directory of the other', () => {
  const log = (name: string, more: string): string =>
    `summary: x\n${more}resources:\n  - { kind: command, name: ${name}, argv: [sh, -c, "echo ${name} >> {{ base }}/log"], unless: [grep, -qx, ${name}, "{{ base }}/log"] }\n`;
  using live = makeLiveRepository('', {
    'roles/a/role.yaml': log('a', 'depends: [b]\n'),
    'roles/b/role.yaml': `${log('b', '').replace('unless', 'after: "command[c]", unless')}  - { kind: file, path: "{{ base }}/d/f", content: x }\n`,
    'roles/c/role.yaml': log('c', ''),
    'roles/d/role.yaml': 'summary: x\ndepends: [b]\nresources:\n  - { kind: directory, path: "{{ base }}/d", mode: "0700" }\n',
  });
  live.write('desired-state/site.yaml', 'assignments:\n  - hosts: all\n    roles: [a, b, c, d]\n');

  expect(live.report()).toMatchObject({ exit: 0, counts: { create: 5 } });
  expect(readFileSync(join(live.base, 'log'), 'utf8')).toBe('c\nb\na\n');
  expect(live.report().writes).toBe(0);
});

describe('on_drift', () => {
  it.each(['hold', 'report'])('%s leaves local changes, also when git moves on, until they are gone', (policy) => {
    const site = (content: string): string =>
      `- { kind: file, path: "{{ base }}/a", content: ${content}, on_drift: ${policy} }\n`;
    using live = makeLiveRepository(site('one'));
    live.run();
    live.put('a', 'mine');

    expect(live.report(['--check'])).toMatchObject({ exit: 3 });
    expect(told(live.report())).toEqual(['file[a] drift held']);
    live.resources(site('two'));
    expect(live.report(['--check'])).toMatchObject({ exit: 4 });
    expect(told(live.report())).toEqual(['file[a] conflict held']);
    expect(live.run().stdout).toContain('1 of 1 resources differs and is held');
    expect(readFileSync(join(live.base, 'a'), 'utf8')).toBe('mine');

    live.put('a', 'one');
    expect(told(live.report())).toEqual(['file[a] upstream changed']);
    live.put('a', 'two');
    expect(live.report()).toMatchObject({ exit: 0, counts: { held: 0 } });
  });
});

describe('prune', () => {
  it('no: what left git stays and is forgotten', () => {
    using live = makeLiveRepository(file('a', ', prune: no') + file('b'));
    live.run();
    live.resources(file('b'));

    expect(told(live.report())).toEqual(['file[a] orphan unchanged']);
    expect(there(live)).toEqual(['a', 'b']);
    expect(live.run().stdout).toContain('1 resources, nothing to do');
  });

  it.each(['no', 'confirm'])('%s, said after the resource had converged, counts like one said from the start', (prune) => {
    using live = makeLiveRepository(file('a') + file('b'));
    live.run();
    live.resources(file('a', `, prune: ${prune}`) + file('b'));
    expect(live.report()).toMatchObject({ exit: 0, writes: 0 });

    live.resources(file('b'));

    expect(live.report()).toMatchObject({ exit: 0, counts: { remove: 0 } });
    expect(there(live)).toEqual(['a', 'b']);
  });

  it('confirm: what left git stays, is told each time, and goes with a plan that a person applies', () => {
    using live = makeLiveRepository(file('a', ', prune: confirm') + file('b'));
    live.run();
    live.resources(file('b'));
    const plan = join(dirname(live.path), 'plan.json');

    for (let run = 0; run < 2; run++) {
      const report = live.report();
      expect(report.exit).toBe(0);
      expect(told(report)).toEqual(['file[a] orphan held']);
      expect(report.steps[0]?.reason).toContain('reconcile apply FILE');
    }
    expect(live.report(['--check'])).toMatchObject({ exit: 2 });

    expect(live.run(['plan', '--out', plan]).exit).toBe(0);
    expect(there(live)).toEqual(['a', 'b']);
    const { exit, stdout } = live.cli(['apply', plan]);
    expect(stdout).toContain('1 removed');
    expect(exit).toBe(0);
    expect(there(live)).toEqual(['b']);
    expect(live.run(['--check']).exit).toBe(0);
  });

  it('removes what stands in a directory before the directory, whatever the kinds', () => {
    using live = makeLiveRepository(
      `
- { kind: directory, path: "{{ base }}/d" }
- { kind: link, path: "{{ base }}/d/l", target: x }
- { kind: directory, path: "{{ base }}/d/sub" }
- { kind: file, path: "{{ base }}/d/sub/f", content: x }
- { kind: tree, path: "{{ base }}/d/t", source: o }
- { kind: file, path: "{{ base }}/d/t/own", content: x }
- { kind: file, path: "{{ base }}/z", content: x }
`,
      { 'desired-state/files/o/x/y': 'x' },
    );
    expect(live.report().exit).toBe(0);
    live.write('desired-state/policy.yaml', 'destroy: { max_delete: 100, max_delete_percent: 100 }\n');
    live.resources(file('z').replace('content: "z"', 'content: x'));

    expect(live.report()).toMatchObject({ exit: 0, counts: { remove: 6 } });
    expect(there(live)).toEqual(['z']);
  });
});

describe('mode: observe', () => {
  const site = (mode: string): string =>
    `assignments:\n  - hosts: all\n    mode: ${mode}\n    resources:\n      ${file('a')}      ${file('b')}  - hosts: all\n    resources:\n      ${file('c')}`;

  it('reports, changes nothing, and makes nothing its own', () => {
    using live = makeLiveRepository('');
    live.write('desired-state/site.yaml', site('observe'));
    live.put('a', 'a');

    for (let run = 0; run < 2; run++) {
      const report = live.report();
      expect(report.exit).toBe(0);
      expect(told(report).filter((line) => !line.includes('[c]'))).toEqual(['file[b] upstream held']);
    }
    expect(live.report(['--check'])).toMatchObject({ exit: 2 });
    expect(there(live)).toEqual(['a', 'c']);

    live.resources(file('c'));
    expect(live.report().exit).toBe(0);
    expect(there(live)).toEqual(['a', 'c']);
  });

  it('after enforce: drift is told and left, and nothing is pruned while the resource is in git', () => {
    using live = makeLiveRepository('');
    live.write('desired-state/site.yaml', site('enforce'));
    live.run();
    live.write('desired-state/site.yaml', site('observe'));
    live.put('a', 'edited');

    expect(told(live.report())).toEqual(['file[a] drift held']);
    expect(live.report(['--check'])).toMatchObject({ exit: 3 });
    expect(there(live)).toEqual(['a', 'b', 'c']);
    live.write('desired-state/site.yaml', site('enforce'));
    expect(told(live.report())).toEqual(['file[a] drift changed']);
  });
});

it('what left git, and was edited since, is removed all the same; what came in its place is not', () => {
  using live = makeLiveRepository(file('a') + file('b') + file('c'));
  live.run();
  live.put('a', 'edited');
  live.resources(`- { kind: config, path: "{{ base }}/b", format: ini, set: { x: { y: z } } }\n${file('c')}`);
  writeFileSync(join(live.base, 'b'), '[x]\nk = v\n');

  const report = live.report();

  expect(report.exit).toBe(0);
  expect(there(live)).toEqual(['b', 'c']);
  expect(readFileSync(join(live.base, 'b'), 'utf8')).toBe('[x]\nk = v\ny = z\n');
});
