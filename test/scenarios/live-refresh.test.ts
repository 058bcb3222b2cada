import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';
import { snapshot } from '../support/snapshot.ts';

/** Two files that notify one reload; it writes down which configuration it saw, and cannot read "bad". */
const service = (a: string, b = 'b', more = ''): string => `
- kind: file
  path: "{{ base }}/a.conf"
  content: "${a}\\n"
  notify: command[reload]
- kind: file
  path: "{{ base }}/b.conf"
  content: "${b}\\n"
  notify: ["command[reload]"]
- kind: command
  name: reload
  refresh_only: true
  argv: [sh, -c, 'cat a.conf b.conf | tr "\\n" " " >> reloads; echo >> reloads; echo reading a.conf >&2; ! grep bad a.conf >&2']
  cwd: "{{ base }}"
${more}`;
const reloads = ({ base }: LiveRepository): string[] =>
  existsSync(join(base, 'reloads'))
    ? readFileSync(join(base, 'reloads'), 'utf8')
        .trimEnd()
        .split(' \n')
        .map((line) => line.trim())
    : [];
const withoutLog = { ignore: (path: string) => path === '/reloads' };

it('a refresh runs once for all who notify it, after all changes, and not when nothing changed', () => {
  using live = makeLiveRepository(service('one'));

  const first = live.report();
  expect(first).toMatchObject({ exit: 0, refreshes: [{ name: 'command[reload]', ok: true }] });
  expect(first.summary).toContain('2 added, 0 changed, 0 removed, 1 refreshed');
  expect(reloads(live)).toEqual(['one b']);

  expect(live.run().stdout).toContain('nothing to do');
  live.resources(service('two'));
  expect(live.report(['--check'])).toMatchObject({ exit: 2, writes: 0 });
  expect(reloads(live)).toEqual(['one b']);
  expect(live.report().exit).toBe(0);
  expect(reloads(live)).toEqual(['one b', 'two b']);
});

it('drift that is repaired refreshes too', () => {
  using live = makeLiveRepository(service('one'));
  live.run();
  live.put('a.conf', 'edited\n');

  expect(live.report()).toMatchObject({ exit: 0, steps: [{ cause: 'drift', refreshes: ['command[reload]'] }] });
  expect(reloads(live)).toEqual(['one b', 'one b']);
});

it('refreshes run in the order of the graph, not in that of the notifications', () => {
  using live = makeLiveRepository(`
- kind: file
  path: "{{ base }}/a.conf"
  content: "x"
  notify: ["command[second]", "command[first]"]
- kind: command
  name: second
  refresh_only: true
  argv: [sh, -c, 'echo second >> {{ base }}/log']
  after: command[first]
- kind: command
  name: first
  refresh_only: true
  argv: [sh, -c, 'echo first >> {{ base }}/log']
`);

  expect(live.report().refreshes.map(({ name }) => name)).toEqual(['command[first]', 'command[second]']);
  expect(readFileSync(join(live.base, 'log'), 'utf8')).toBe('first\nsecond\n');
});

it('a refresh that fails takes everything back, refreshes with what was put back, and exits 6', () => {
  using live = makeLiveRepository(service('good'));
  live.run();
  const before = snapshot(live.base, withoutLog);
  live.resources(service('bad', 'new'));

  const report = live.report();

  expect(report).toMatchObject({ exit: 6, outcome: 'rolledBack' });
  expect(report.summary).toContain('command[reload] failed: refresh failed: sh exited with 1: reading a.conf');
  expect(report.refreshes).toMatchObject([{ name: 'command[reload]', ok: false }]);
  expect(reloads(live)).toEqual(['good b', 'bad new', 'good b']);
  expect(snapshot(live.base, withoutLog)).toBe(before);
  expect(live.report().problems.map(({ code }) => code)).toEqual(['quarantined']);

  live.resources(service('better'));
  expect(live.report().exit).toBe(0);
  expect(reloads(live).slice(3)).toEqual(['better b']);
});

it('a refresh that fails with the restored configuration as well leaves an incomplete rollback, and is owed', () => {
  const broken = service('one').replace('! grep bad', 'exit 3; ! grep bad');
  using live = makeLiveRepository(broken);
  const before = snapshot(live.base, withoutLog);

  const report = live.report();

  expect(report.exit).toBe(8);
  expect(report.summary).toContain('command[reload]: refresh after the rollback failed');
  expect(snapshot(live.base, withoutLog)).toBe(before);

  // The next revision changes nothing that notifies, and still does what is owed.
  live.resources(service('one').replaceAll(/ {2}notify: .*\n/g, ''));
  expect(live.report()).toMatchObject({ exit: 0, refreshes: [{ name: 'command[reload]' }] });
  expect(reloads(live).at(-1)).toBe('one b');
});

it('what a killed run owed is told by --check, which does not do it, and done by the next run', () => {
  const dying = (kill: string): string =>
    service('one').replace('! grep bad', `${kill}; ! grep bad`).replace('  cwd:', '  timeout: 20s\n  cwd:');
  using live = makeLiveRepository(dying('true'));
  live.run();
  // The command ends the program that runs it, as a power cut would.
  live.resources(dying('kill -9 $PPID').replace('one', 'two'));
  expect(live.run().exit).not.toBe(0);
  expect(readFileSync(join(live.base, 'a.conf'), 'utf8')).toBe('two\n');

  live.resources(dying('true'));
  const seen = reloads(live).length;
  const check = live.report(['--check']);
  expect(check.exit).toBe(4);
  expect(check.summary).toMatch(/command\[reload\] would be refreshed as an earlier run owes.* was interrupted/);
  expect(reloads(live)).toHaveLength(seen);

  const report = live.report();
  expect(report).toMatchObject({ exit: 0, refreshes: [{ name: 'command[reload]', ok: true }] });
  expect(readFileSync(join(live.base, 'a.conf'), 'utf8')).toBe('one\n');
  expect(reloads(live).at(-1)).toBe('one b');
  expect(live.run().stdout).toContain('nothing to do');
});

it('a command that is only observed is not refreshed', () => {
  using live = makeLiveRepository('');
  const [files, command] = service('one').split(/(?=- kind: command)/);
  const indent = (text: string): string => text.trim().replaceAll(/^/gm, '      ');
  live.write(
    'desired-state/site.yaml',
    `assignments:
  - hosts: all
    resources:
${indent(files!)}
  - hosts: all
    mode: observe
    resources:
${indent(command!)}
`,
  );

  const report = live.report();

  expect(report).toMatchObject({ exit: 0, refreshes: [] });
  expect(existsSync(join(live.base, 'a.conf'))).toBe(true);
  expect(reloads(live)).toEqual([]);
  expect(live.run().stdout).toContain('nothing to do');
});

it('a refresh that is owed to a command that left git is forgotten', () => {
  const broken = service('one').replace('! grep bad', 'exit 3; ! grep bad');
  using live = makeLiveRepository(broken);
  expect(live.run().exit).toBe(8);
  live.resources(`- { kind: file, path: "{{ base }}/only", content: x }`);

  expect(live.report()).toMatchObject({ exit: 0, refreshes: [] });
  expect(live.run().stdout).toContain('nothing to do');
});

it('a rollback refreshes as was configured before the run', () => {
  const told = (version: string): string => `
- { kind: file, path: "{{ base }}/a.conf", content: "${version}\\n", notify: "command[reload]" }
- { kind: command, name: reload, refresh_only: true, argv: [sh, -c, 'echo told by ${version} >> reloads'], cwd: "{{ base }}" }`;
  using live = makeLiveRepository(told('one'));
  live.run();
  live.resources(told('two'));
  live.run();

  expect(live.cli(['rollback']).exit).toBe(0);

  expect(reloads(live).at(-1)).toMatch(/told by one$/);
});
