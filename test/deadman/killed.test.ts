import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openWatch } from './watch-rig.ts';

/** As cron runs it, from its source. */
const program = new URL('../../src/deadman.ts', import.meta.url).pathname;

it('a watchdog that is killed while it restarts has counted that restart, so that it stays within its bounds', async () => {
  await using watch = await openWatch();
  await watch.gateway.behave('closed');
  writeFileSync(watch.path('restart'), `#!/bin/sh\necho x >>${watch.path('restarts')}\nkill -KILL $PPID\n`);
  const settings = watch.path('ezra.json');
  writeFileSync(settings, JSON.stringify(watch.settings()));
  const check = (): NodeJS.Signals | null =>
    spawnSync(process.execPath, [program, 'check', '--settings', settings], { stdio: 'ignore' }).signal;

  const ends = Array.from({ length: 8 }, check);

  expect(ends).toEqual([null, null, 'SIGKILL', 'SIGKILL', 'SIGKILL', null, null, null]);
  expect(watch.restarts()).toBe(3);
  expect(JSON.parse(readFileSync(watch.path('state', 'state.json'), 'utf8'))).toMatchObject({ watch: { condition: 'given-up' } });
  expect(watch.told().map(({ text }) => text.split('\n')[0])).toEqual(['ezra is dead, and the watchdog has given up']);
});
