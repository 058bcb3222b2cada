import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noteOf } from '../../src/resources/git-checkout.ts';
import { git } from '../../src/resources/types/git.ts';
import { gitIn } from '../support/git-in.ts';
import { converge } from './converge-kind.ts';

let directory: string;
let repo: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'git-note-'));
  [repo, path] = [join(directory, 'upstream'), join(directory, 'checkout')];
  mkdirSync(repo);
  gitIn(repo, 'init', '--quiet');
  commit(repo, 'one');
  gitIn(repo, 'tag', 'v1');
});
afterEach(() => rmSync(directory, { recursive: true }));
const at = (from: string) => converge(git, { path, repo: from, ref: 'v1' });
const text = (): string => readFileSync(join(path, 'file'), 'utf8');
const refs = (): string => gitIn(path, 'for-each-ref');
function commit(where: string, content: string): void {
  writeFileSync(join(where, 'file'), content);
  gitIn(where, 'add', '--all');
  gitIn(where, 'commit', '--quiet', '--message', content);
}

it('a tag becomes what another repository has under its name, and goes back', async () => {
  const other = join(directory, 'other');
  gitIn(directory, 'clone', '--quiet', repo, other);
  commit(other, 'two');
  gitIn(other, 'tag', '--force', 'v1');
  await at(repo);
  const before = refs();

  const { diff, again, undo } = await at(other);
  expect([diff.action, again.action, text()]).toEqual(['update', 'none', 'two']);

  await undo();
  expect([text(), refs()]).toEqual(['one', before]);
  expect((await at(repo)).diff.action).toBe('none');
});

it('a tag that an earlier version has noted is not fetched again', async () => {
  await at(repo);
  const wanted = gitIn(path, 'rev-parse', 'HEAD');
  gitIn(path, 'update-ref', 'refs/reconcile/v1', wanted);
  gitIn(path, 'update-ref', '-d', noteOf({ repo, ref: 'v1' }));
  const before = refs();
  rmSync(repo, { recursive: true });
  expect((await at(repo)).diff.action).toBe('none');

  commit(path, 'mine');
  const { diff, again, undo } = await at(repo);
  expect([diff.action, again.action, gitIn(path, 'rev-parse', 'HEAD')]).toEqual(['update', 'none', wanted]);

  await undo();
  expect([text(), refs()]).toEqual(['mine', before]);
});
