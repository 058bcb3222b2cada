import { expect, it } from 'vitest';
import { startSshFleet } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';

it.skipIf(whyNoSsh !== undefined)('a program that did not end well comes with what to do about it', async () => {
  await using fleet = await startSshFleet(['a']);
  fleet.commit({ 'desired-state/site.yaml': 'assignments: []\n' });
  const hintOf = async (...words: readonly string[]) => (await fleet.report('run', ...words)).hosts[0]?.hint;

  expect(await hintOf('uptime --pretty')).toContain('reconcile fleet run -- uptime --pretty');
  expect(await hintOf('nonexistent')).toBeUndefined();
  expect(await hintOf('seq', '100000')).toBe('have it write less, or into a file over there');
});
