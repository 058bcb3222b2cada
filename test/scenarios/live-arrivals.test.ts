import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeLiveRepository } from '../support/live-repository.ts';

/** As a package does, it brings more than what was asked for. */
const install = (more = 'true'): string => `
- kind: file
  path: "{{ base }}/etc/default"
  ensure: absent
- kind: command
  name: install
  argv: [sh, -c, "mkdir -p {{ base }}/etc; touch {{ base }}/etc/default {{ base }}/etc/program; ${more}"]
  creates: "{{ base }}/etc/program"
`;

describe('what a run has brought', () => {
  it('is removed by the same run, told, and taken back with it', () => {
    using live = makeLiveRepository(install());
    const text = live.run();

    expect(text).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(
        /- file\[.*\/etc\/default\] {2}late: this run has brought it\n[^]* 1 added, 0 changed, 1 removed/,
      ),
    });
    expect(readdirSync(join(live.base, 'etc'))).toEqual(['program']);
    expect(live.run().stdout).toContain('Converged: 2 resources, nothing to do');

    live.cli(['rollback']);
    expect(readdirSync(join(live.base, 'etc'))).toEqual(['default', 'program']);
  });

  it('is judged by policy before it is removed', () => {
    using live = makeLiveRepository(install());
    live.write('desired-state/policy.yaml', 'protected_paths: ["**/etc/default"]\n');

    expect(live.report()).toMatchObject({ exit: 6, summary: expect.stringContaining('protected') });
    expect(existsSync(join(live.base, 'etc/default'))).toBe(true);
  });

  it('is not added to a plan that was reviewed, and a run without one goes on from there', () => {
    using live = makeLiveRepository(install());
    const file = join(live.path, '..', 'plan.json');
    live.run(['plan', '-o', file]);

    expect(live.cli(['apply', file])).toMatchObject({ exit: 6, stdout: expect.stringContaining('was reviewed is not added to') });
    expect(live.run()).toMatchObject({ exit: 0 });
    expect(readdirSync(join(live.base, 'etc'))).toEqual(['program']);
  });

  it('is told of what was converged before, and with what the run has changed of the same resource', () => {
    const edited = (text: string): string => `
- kind: config
  path: "{{ base }}/app.json"
  format: json
  set: { a: ${text}, b: 1 }
`;
    const absent = '- { kind: file, path: "{{ base }}/etc/default", ensure: absent }\n';
    using live = makeLiveRepository(absent + edited('1'));
    live.run();
    const program =
      'echo "{\\"a\\": 2, \\"b\\": 9}" >{{ base }}/app.json; mkdir {{ base }}/etc; touch {{ base }}/etc/default {{ base }}/done';
    live.resources(
      `${absent}${edited('2')}- { kind: command, name: install, argv: [sh, -c, '${program}'], creates: "{{ base }}/done" }\n`,
    );

    const { exit, counts, steps } = live.report();

    expect({ exit, counts }).toMatchObject({ exit: 0, counts: { create: 1, update: 1, remove: 1 } });
    expect(steps.map(({ kind, late, changes }) => [kind, late, changes.map(({ field }) => field)])).toEqual(
      expect.arrayContaining([
        ['file', true, expect.any(Array)],
        ['config', undefined, ['a', 'b']],
      ]),
    );
  });

  it('fails the run when it comes again', () => {
    using live = makeLiveRepository(
      `${install()}  notify: ["command[again]"]
- kind: command
  name: again
  argv: [sh, -c, "touch {{ base }}/etc/default"]
  refresh_only: true
- kind: file
  path: "{{ base }}/etc/other"
  ensure: absent
  notify: ["command[again]"]
`.replace('etc/program; true', 'etc/program {{ base }}/etc/other'),
    );

    const report = live.report();

    expect(report).toMatchObject({
      exit: 6,
      summary: expect.stringContaining('etc/default] failed: still differs after it was applied: '),
    });
  });
});
