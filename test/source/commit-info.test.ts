import { expect, it } from 'vitest';
import { readCommitInfo } from '../../src/source/commit-info.ts';
import { openWorkingTree } from '../../src/source/working-tree.ts';
import { openFollowRig } from './git/follow-rig.ts';

it('git is asked for author and time when they are, and not before', () => {
  using rig = openFollowRig();
  const commit = rig.push({ 'desired-state/site.yaml': 'one' });
  const path = process.env['PATH'];
  try {
    process.env['PATH'] = '/nonexistent';
    const info = readCommitInfo(openWorkingTree(`${rig.path}/clone`));

    expect(info.id).toBe(commit);
    expect(info.short).toBe(commit.slice(0, 12));
    expect(() => info.author).toThrow(/^git does not say who made [0-9a-f]{12}, and when: .*ENOENT/);
    process.env['PATH'] = path;
    expect(info.author).not.toBe('');
    expect(Date.parse(info.time)).toBeGreaterThan(0);
  } finally {
    process.env['PATH'] = path;
  }
});
