import { expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { hasStrace, openFaultRig, type SystemCall } from './fault-rig.ts';

/** What comes first of all that a run looks at for the mark that it leaves once it is recorded. */
const beforeMark = ({ name, text }: SystemCall): boolean => name === 'openat' && text.includes('catalog.new');

it.skipIf(!hasStrace).each([
  [
    'when the disk is full from the last step of recording it on',
    'ENOSPC+',
    ({ name, text }: SystemCall) => name === 'fsync' && text.includes('state.db-journal'),
    0,
    'A power cut may take it back',
  ],
  ['when nothing can be read any more right after that', 'EIO+', beforeMark, 1, 'Applied and verified'],
] as const)('a run that is recorded stays %s', { timeout: 120_000 }, (_, fault, is, before, says) => {
  using rig = openFaultRig();
  rig.restore();
  const call = rig.mutatingCalls().findLast(is)!;
  rig.restore();

  const { exit, stdout, fired } = rig.inject({ ...call, nth: call.nth - before }, `error=${fault}`, ['-o', 'json']);

  expect(fired).toBe(true);
  expect(exit).toBe(0);
  expect((JSON.parse(stdout) as Report).summary).toContain(says);
  expect(rig.now()).toEqual(rig.goal);
  rig.expectConverges('then');
});
