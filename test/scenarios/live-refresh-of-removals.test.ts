import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';

const files = (names: string, more = ''): string =>
  `- { kind: file, for_each: [${names}], path: "{{ base }}/{{ item }}.conf", content: x, notify: "command[reload]"${more} }\n`;
const reload =
  '- { kind: command, name: reload, refresh_only: true, argv: [sh, -c, "echo >> reloads; ls"], cwd: "{{ base }}" }\n';
const reloads = ({ base }: LiveRepository): number =>
  existsSync(join(base, 'reloads')) ? readFileSync(join(base, 'reloads'), 'utf8').length : 0;

it('what leaves git refreshes whom it notified', () => {
  using live = makeLiveRepository(files('a, b') + reload);
  live.run();
  live.resources(files('a') + reload);

  expect(live.report(['--check'])).toMatchObject({ steps: [{ action: 'remove', refreshes: ['command[reload]'] }] });
  expect(live.report()).toMatchObject({ exit: 0, refreshes: [{ name: 'command[reload]', ok: true }] });
  expect(reloads(live)).toBe(2);
  expect(live.run().stdout).toContain('nothing to do');
  expect(live.cli(['rollback']).exit).toBe(0);
  expect(reloads(live)).toBe(3);
});

it('what is not wanted any more refreshes whom it notified last, and who is still there', () => {
  const own = (more: string): string => `- { kind: file, path: "{{ base }}/own", content: x${more} }\n`;
  using live = makeLiveRepository(own('') + files('a', ', when: true') + reload);
  live.write('desired-state/policy.yaml', 'destroy: { max_delete_percent: 100 }\n');
  live.run();
  live.resources(own(', notify: ["command[reload]"]') + files('a', ', when: true') + reload);
  expect(live.report()).toMatchObject({ exit: 0, writes: 0 });
  live.resources(files('a', ', when: false') + reload);

  expect(live.report()).toMatchObject({
    steps: [
      { action: 'remove', refreshes: ['command[reload]'] },
      { action: 'remove', refreshes: ['command[reload]'] },
    ],
    refreshes: [{ name: 'command[reload]', ok: true }],
  });

  live.resources(files('a') + reload);
  live.run();
  live.resources('- { kind: file, path: "{{ base }}/other", content: x }\n');
  expect(live.report()).toMatchObject({ exit: 0, refreshes: [] });
});
