import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askHealth } from '../../src/operations/ask-health.ts';
import { takeLock } from '../../src/state/lock.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';
import { never } from '../source/git/follow-rig.ts';

/** A host that has applied a role whose check says `no 6f3c` since. */
function makeApplied(more = '', attributes = ''): LiveRepository {
  const live = makeLiveRepository('', {
    'roles/own/role.yaml': `summary: well
resources: [{ kind: file, path: "{{ base }}/a", content: x${attributes} }]
health: [{ command: { argv: [sh, -c, "test ! -e {{ base }}/sick || { echo no 6f3c; exit 3; }"], within: 100ms } }]
`,
  });
  apply(live, `roles: [own]${more}`);
  live.put('sick', '');
  return live;
}

const apply = (live: LiveRepository, assignment: string, args: readonly string[] = []) => {
  live.write('desired-state/site.yaml', `assignments:\n  - { hosts: all, ${assignment} }\n`);
  expect(live.run(args).exit).toBe(0);
};

const stateOf = ({ env }: LiveRepository): string => env['RECONCILE_STATE_DIR']!;
const ask = async (live: LiveRepository) => (await askHealth(stateOf(live), never))?.map(({ ok, message }) => message ?? ok);

it('what stands is asked now, and what it said is told', async () => {
  using live = makeApplied();

  expect(await ask(live)).toEqual(['exit 3: no 6f3c']);
  expect(statSync(join(stateOf(live), 'checks.json')).mode & 0o777).toBe(0o600);
});

it('what fails while a run is at work says nothing, and is no failure', async () => {
  using live = makeApplied();
  const lock = takeLock(stateOf(live));

  expect(await ask(live)).toBeUndefined();
  lock!.release();
  expect(await ask(live)).toEqual(['exit 3: no 6f3c']);
});

it('of a host that has secrets only how a program has ended is told, for it may print them', async () => {
  using live = makeApplied('', ', sensitive: true');

  expect(await ask(live)).toEqual(['exit 3']);
});

it('it goes by the revision that stands, also where nothing else changed with it', async () => {
  using live = makeApplied();
  live.write('roles/own/role.yaml', 'summary: well\nresources: [{ kind: file, path: "{{ base }}/a", content: x }]\n');

  apply(live, 'roles: [own]');

  expect(await ask(live)).toEqual([]);
});

it('a run of some tags leaves it as it is', async () => {
  using live = makeApplied();

  apply(live, 'resources: [{ kind: file, path: "{{ base }}/b", content: x, tags: [b] }]', ['--tags', 'b']);

  expect(await ask(live)).toEqual(['exit 3: no 6f3c']);
});

it('also while an edit is only reported', async () => {
  using live = makeApplied('', ', on_drift: report');
  writeFileSync(join(live.base, 'a'), 'edited');
  live.write('roles/own/role.yaml', role('exit 4'));

  expect(live.run().exit).toBe(0);

  expect(await ask(live)).toEqual(['exit 4']);
});

const role = (script: string): string => `summary: well
resources: [{ kind: file, path: "{{ base }}/a", content: x, on_drift: report }]
health: [{ command: { argv: [sh, -c, "${script}"], within: 100ms } }]
`;

it('after something was taken back nobody knows, until the next run', async () => {
  using live = makeApplied();
  apply(live, 'roles: [own], resources: [{ kind: file, path: "{{ base }}/b", content: x, when: false }]');

  expect(live.cli(['rollback']).exit).toBe(0);

  expect(await ask(live)).toBeUndefined();
  live.write('roles/own/role.yaml', role('exit 0'));
  expect(live.run().exit).toBe(0);
  expect(await ask(live)).toEqual([true]);
});
