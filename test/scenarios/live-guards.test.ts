import { readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeLiveRepository } from '../support/live-repository.ts';

const script = '- { kind: file, path: "{{ base }}/bin/is-done", mode: "0755", content: "#!/bin/sh\\ntest -e $1\\n" }';
const directory = '- { kind: directory, path: "{{ base }}/place" }';
const done = '- { kind: file, path: "{{ base }}/place/done", content: x }';
const byScript =
  '- { kind: command, name: it, argv: [touch, "{{ base }}/done"], unless: ["{{ base }}/bin/is-done", "{{ base }}/done"] }';
const inDirectory = '- { kind: command, name: it, argv: [touch, done], cwd: "{{ base }}/place", unless: [test, -e, done] }';

describe('a guard that needs what the same run brings', () => {
  it.each([
    ['its program', `${script}\n${byScript}`, ['bin', 'done']],
    ['its directory', `${directory}\n${inDirectory}`, ['place']],
  ])('is asked when %s is there', (_what, resources, left) => {
    using live = makeLiveRepository(resources);

    expect(live.report(['--check'])).toMatchObject({ exit: 2, counts: { create: 2 }, problems: [] });
    expect(live.report()).toMatchObject({ outcome: 'converged', counts: { create: 2 } });
    expect(readdirSync(live.base)).toEqual(left);
    expect(live.report()).toMatchObject({ outcome: 'converged', writes: 0, counts: { create: 0 } });
  });

  it('is obeyed when it says that nothing is due', () => {
    using live = makeLiveRepository(`${directory}\n${done}\n${inDirectory.replace('touch, done', '"false"')}`);

    expect(live.report()).toMatchObject({ outcome: 'converged' });
  });

  it('fails the run where that did not bring it', () => {
    const install = '- { kind: command, name: install, argv: [touch, "{{ base }}/x"], creates: "{{ base }}/x" }';
    using live = makeLiveRepository(`${install}\n${byScript}`);

    expect(live.report()).toMatchObject({ outcome: 'rolledBack', summary: expect.stringContaining('is-done: not installed') });
  });

  it.each([
    ['that is brought later', `${byScript}\n${script}`],
    ['that goes', `${script.replace(/, mode.*/, ', ensure: absent }')}\n${byScript}`],
  ])('is refused for a program %s', (_what, resources) => {
    using live = makeLiveRepository(resources);

    const { exit, problems } = live.report();

    expect([exit, problems[0]?.message]).toEqual([7, expect.stringContaining('its guard cannot be asked: ')]);
    expect(readdirSync(live.base)).toEqual([]);
  });
});

it('a host policy that cannot be read is told, and nothing that only it could say', () => {
  using live = makeLiveRepository(`- { kind: file, path: "{{ base }}/f", content: "{{ secrets.key }}" }\n${byScript}`);
  writeFileSync(live.env['RECONCILE_HOST_POLICY']!, 'host: box\npaths: [\n');

  const { exit, problems } = live.report();

  expect(problems).toMatchObject([{ code: 'yaml-syntax' }]);
  expect(exit).toBe(65);
  expect(readdirSync(live.base)).toEqual([]);
});
