import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { removeStamp } from '../../src/state/converged-stamp.ts';
import { openState } from '../../src/state/state.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';
import { snapshot } from '../support/snapshot.ts';

const file = (content: string, more = ''): string => `- { kind: file, path: "{{ base }}/a", content: "${content}"${more} }\n`;
const read = ({ base }: LiveRepository): string => readFileSync(join(base, 'a'), 'utf8');
const history = (live: LiveRepository): Report[] => JSON.parse(live.cli(['history', '-o', 'json']).stdout) as Report[];
const lines = (live: LiveRepository): string[] =>
  live
    .cli(['history'])
    .stdout.trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' ').replace(/^\S+ \S+ \S+ | no git .*$/g, ''));
const explain = (live: LiveRepository): string => live.run(['explain', join(live.base, 'a')]).stdout;

describe('history, show and explain', () => {
  it('tell what each run did: changes, drift, failures and rollbacks; and nothing of runs that found nothing to do', () => {
    using live = makeLiveRepository(file('one'));
    live.run();
    live.run();
    live.run(['--check']);
    live.put('a', 'edited');
    live.run();
    live.resources(file('bad', ', validate: ["false", "%s"]'));
    live.run();
    live.run();
    live.resources(file('two'));
    live.run();
    live.cli(['rollback']);

    expect(lines(live)).toEqual([
      'rollback converged +0 ~1 -0',
      'converged +0 ~1 -0',
      'rolled back +0 ~1 -0',
      'converged +0 ~1 -0',
      'converged +1 ~0 -0',
    ]);
    const [taken, second, failed, healed, first] = history(live);
    expect(first).toMatchObject({ exit: 0, steps: [{ cause: 'upstream', outcome: 'changed' }] });
    expect(healed).toMatchObject({ exit: 0, steps: [{ cause: 'drift', outcome: 'changed' }] });
    expect(failed).toMatchObject({ exit: 6, steps: [{ cause: 'upstream', outcome: 'failed' }] });
    expect(second).toMatchObject({ exit: 0, steps: [{ cause: 'upstream', outcome: 'changed' }] });
    expect(taken).toMatchObject({ exit: 0, action: 'rollback', steps: [{ outcome: 'restored' }] });

    expect(live.cli(['show', failed!.run]).stdout).toContain(': validation failed (');
    expect(live.cli(['show', healed!.run]).stdout).toContain('drift: changed on this host');
    expect(live.cli(['show', 'latest']).stdout).toContain(`Run ${second!.run} taken back`);
    const told = explain(live);
    expect(told).toMatch(new RegExp(`applied .* by run ${healed!.run}\n`));
    expect(told.indexOf('restored')).toBeLessThan(told.indexOf('failed'));
  });

  it('tell what is open now', () => {
    using live = makeLiveRepository(file('one'));
    expect(explain(live)).toContain('upstream: git added it');
    live.run();
    expect(explain(live)).not.toContain('git added it\n\n');
    live.put('a', 'edited');
    expect(explain(live)).toContain('drift: changed on this host');
    live.resources('- { kind: file, path: "{{ base }}/b", content: x }\n');
    expect(explain(live)).toContain('orphan: no longer');
  });
});

describe('rollback', () => {
  const after = (live: LiveRepository, ...contents: readonly string[]): LiveRepository => {
    for (const content of contents) {
      live.resources(file(content));
      expect(live.run().exit).toBe(0);
    }
    return live;
  };

  it('several in a row go back run by run, to an empty host', () => {
    using live = after(makeLiveRepository(''), 'one', 'two', 'three');

    const { exit, stdout } = live.cli(['rollback']);
    expect(exit).toBe(0);
    expect(stdout).toContain('  taken back\n');
    expect(stdout).not.toContain('upstream');
    expect(stdout).toContain('as before. What it applied waits for a newer revision, or for `reconcile release`');
    expect(read(live)).toBe('two');
    expect(live.cli(['rollback']).exit).toBe(0);
    expect(read(live)).toBe('one');
    expect(live.cli(['rollback']).exit).toBe(0);
    expect(readdirSync(live.base)).toEqual([]);
    expect(live.cli(['rollback'])).toMatchObject({ exit: 64, stderr: expect.stringContaining('no run is left') as string });
  });

  it('the run after it is refused until the revision is superseded', () => {
    using live = after(makeLiveRepository(''), 'one', 'two');
    live.cli(['rollback']);

    expect(live.report()).toMatchObject({ exit: 7, problems: [{ code: 'quarantined' }] });
    expect(live.report(['--check'])).toMatchObject({ exit: 7 });
    expect(read(live)).toBe('one');
    live.resources(file('three'));
    expect(live.report()).toMatchObject({ exit: 0, steps: [{ cause: 'upstream', outcome: 'changed' }] });
    expect(read(live)).toBe('three');
  });

  it('or until it is released; then it is applied as it was', () => {
    using live = after(makeLiveRepository(''), 'one', 'two');
    live.cli(['rollback']);

    const released = live.cli(['release']);
    expect(released.exit).toBe(0);
    expect(released.stdout).toMatch(/1 revision/);
    expect(live.report()).toMatchObject({ exit: 0, steps: [{ cause: 'upstream', outcome: 'changed' }] });
    expect(read(live)).toBe('two');
    expect(live.cli(['release']).exit).toBe(0);
  });

  it('takes an edit that came after the run with it, and says that nothing is open then', () => {
    using live = after(makeLiveRepository(''), 'one', 'two');
    live.put('a', 'edited');

    expect(live.cli(['rollback']).exit).toBe(0);
    expect(read(live)).toBe('one');
    live.resources(file('one'));
    expect(live.report(['--check'])).toMatchObject({ exit: 0, steps: [] });
  });

  it('of a run that repaired drift gives the drift back', () => {
    using live = after(makeLiveRepository(''), 'one');
    live.put('a', 'edited');
    live.run();

    expect(live.cli(['rollback']).exit).toBe(0);
    expect(read(live)).toBe('edited');
    live.cli(['release']);
    expect(live.report(['--check'])).toMatchObject({ exit: 3 });
  });

  it("of a run that pruned brings back what was pruned, as this program's own", () => {
    using live = makeLiveRepository(`${file('one')}- { kind: file, path: "{{ base }}/b", content: b }\n`, {
      'desired-state/policy.yaml': 'destroy: { max_delete_percent: 100 }\n',
    });
    live.run();
    const before = snapshot(live.base);
    live.resources('- { kind: file, path: "{{ base }}/b", content: b }\n');
    live.run();
    expect(readdirSync(live.base)).toEqual(['b']);

    expect(live.cli(['rollback']).exit).toBe(0);
    expect(snapshot(live.base)).toBe(before);
    live.cli(['release']);
    expect(live.report()).toMatchObject({ exit: 0, steps: [{ cause: 'orphan', outcome: 'changed' }] });
  });

  it('refreshes what the run had refreshed', () => {
    const service = (content: string): string => `
- { kind: file, path: "{{ base }}/a", content: "${content}", notify: "command[reload]" }
- { kind: command, name: reload, refresh_only: true, argv: [sh, -c, 'cat {{ base }}/a >> {{ base }}/seen'] }
`;
    using live = makeLiveRepository(service('1'));
    live.run();
    live.resources(service('2'));
    live.run();

    expect(live.cli(['rollback']).exit).toBe(0);
    expect(readFileSync(join(live.base, 'seen'), 'utf8')).toBe('121');
  });

  it('passes over a run that has only refreshed', () => {
    const note = '- { kind: command, name: note, refresh_only: true, argv: ["true"] }\n';
    using live = after(makeLiveRepository(''), 'one');
    live.resources(file('two') + note);
    live.run();
    using state = openState(live.env['RECONCILE_STATE_DIR']!);
    removeStamp(state.directory);
    state.journal.owe({ address: 'command[note]', run: 'killed', because: 'file[a]' });
    expect(live.report()).toMatchObject({ exit: 0, steps: [], refreshes: [{ name: 'command[note]' }] });

    expect(live.cli(['rollback'])).toMatchObject({ exit: 0, stdout: expect.stringContaining('1 resource is as before') });
    expect(read(live)).toBe('one');
  });

  it('by a beginning of an id goes back to before that run', () => {
    using live = after(makeLiveRepository(''), 'one', 'two', 'three');
    const [, second] = history(live);

    expect(live.cli(['rollback', second!.run.slice(0, -1)])).toMatchObject({ exit: 0 });
    expect(read(live)).toBe('one');
    expect(history(live)[0]).toMatchObject({ action: 'rollback', counts: { update: 2 } });
  });

  it('needs no repository, and leaves what it does not know alone', () => {
    using live = after(makeLiveRepository(''), 'one');
    live.put('theirs', 'x');

    expect(live.cli(['rollback']).exit).toBe(0);
    expect(readdirSync(live.base)).toEqual(['theirs']);
  });
});
