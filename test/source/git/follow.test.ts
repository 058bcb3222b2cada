import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sha256 } from '../../../src/model/json.ts';
import { readCommitInfo } from '../../../src/source/commit-info.ts';
import { openWorkingTree } from '../../../src/source/working-tree.ts';
import { openAgentState } from '../../../src/state/agent-state.ts';
import { openGitServer } from '../../support/git-server.ts';
import { never, openFollowRig, textOf } from './follow-rig.ts';

const site = 'desired-state/site.yaml';

it('gives the files of the newest commit, and knows its author without git', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one', 'roles/a/files/run': 'x', 'README.md': 'not configuration' });

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'fetched', commit, seen: commit, branch: 'main', remote: rig.remote });
  const revision = look.source!.open();
  expect(revision).toMatchObject({ commit, branch: 'main', workingTree: false, problems: [] });
  expect(revision.watched.size).toBe(0);
  expect(revision.files.list('roles')).toMatchObject([{ path: 'roles/a/files/run', size: 1, executable: false }]);
  expect(revision.files.digest('roles/a/files/run')).toEqual({ sha256: sha256('x'), size: 1 });
  expect(revision.files.digest('README.md')).toBeUndefined();
  expect(revision.files.read('README.md')).toBeUndefined();
  expect(readCommitInfo(revision)).toEqual(readCommitInfo(openWorkingTree(join(rig.path, 'clone'))));
});

it('one commit gives equal keys, and the next one another', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'one' });
  const [first, again] = [await rig.look(), await rig.look()];
  rig.push({ [site]: 'two' });
  const next = await rig.look();

  expect(again.source!.open().key).toBe(first.source!.open().key);
  expect(next.source!.open().key).not.toBe(first.source!.open().key);
  expect(textOf(first)).toBe('one');
  expect(textOf(next)).toBe('two');
});

it('a look that finds nothing new asks for the refs alone', async () => {
  using rig = openFollowRig();
  await using server = await openGitServer(rig.path);
  rig.push({ [site]: 'one' });
  const follower = rig.open({ urls: [server.url('config.git')], timeout: '30d' });
  await follower.look(never);
  server.requests.length = 0;

  await follower.look(never);

  expect(server.requests).toEqual(['GET /config.git/info/refs?service=git-upload-pack', 'POST /config.git/git-upload-pack']);
});

it('a look that finds nothing new asks each remote for its refs alone, also with one first that is behind', async () => {
  using rig = openFollowRig();
  await using server = await openGitServer(rig.path);
  rig.push({ [site]: 'one' });
  rig.git('clone', '--quiet', '--bare', rig.remote, join(rig.path, 'behind.git'));
  const commit = rig.push({ [site]: 'two' });
  await rig.open().accept((await rig.look()).commit!);
  const names = ['behind.git', 'config.git'];
  const [far, near] = [(name: string) => server.url(name), (name: string) => join(rig.path, name)].map((url) =>
    rig.open({ urls: names.map(url) }),
  );
  for (const follower of [far, near]) await follower!.look(never);
  server.requests.length = 0;
  let processes = 0;
  const count = (): void => void processes++;

  const fetched = await far!.look(never);
  subscribe('child_process', count);
  const local = await near!.look(never);
  unsubscribe('child_process', count);

  for (const look of [fetched, local]) expect(look).toMatchObject({ state: 'fetched', commit });
  expect(server.requests).toEqual(
    names.flatMap((name) => [`GET /${name}/info/refs?service=git-upload-pack`, `POST /${name}/git-upload-pack`]),
  );
  expect(processes).toBe(0);
});

it('a look that expects something new fetches it without asking first, and does no harm where there is nothing', async () => {
  using rig = openFollowRig();
  await using server = await openGitServer(rig.path);
  rig.push({ [site]: 'one' });
  const follower = rig.open({ urls: [server.url('config.git')] });
  await follower.look(never);
  const commit = rig.push({ [site]: 'two' });
  server.requests.length = 0;

  expect(await follower.look(never, true)).toMatchObject({ state: 'fetched', commit });
  expect(server.requests.filter((request) => request.startsWith('GET'))).toHaveLength(1);
  expect(await follower.look(never, true)).toMatchObject({ state: 'fetched', commit });
});

it('asks the next remote when one does not answer', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });

  const look = await rig.look({ urls: ['https://nowhere.invalid/config.git', rig.remote] });

  const passedOver = expect.stringContaining('https://nowhere.invalid/config.git: ');
  expect(look).toMatchObject({ state: 'fetched', commit, remote: rig.remote, passedOver });
  expect(await rig.look()).not.toHaveProperty('passedOver');
});

it('a shallow clone is not followed, also where somebody said that it has something new', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });
  await rig.look();
  rig.push({ [site]: 'two' });
  rig.push({ [site]: 'three' });
  const shallow = join(rig.path, 'shallow.git');
  rig.git('clone', '--quiet', '--bare', '--depth=1', `file://${rig.remote}`, shallow);

  for (const isExpected of [false, true]) {
    const look = await rig.open({ urls: [shallow] }).look(never, isExpected);
    expect(look).toMatchObject({ state: 'offline', commit, problem: { code: 'remote-failed' } });
    expect(look.problem!.message).toBe(`${shallow}: it is a shallow clone, which lacks the history that this host needs`);
  }
});

it('a remote that lacks objects is what is damaged, not the mirror', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });
  await rig.look();
  rig.push({ [site]: 'two' });
  const tree = rig.git('rev-parse', 'HEAD^{tree}');
  rmSync(join(rig.remote, 'objects', tree.slice(0, 2), tree.slice(2)));

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'offline', commit, problem: { code: 'remote-failed' } });
  expect(look.problem!.message).toBe(`${rig.remote}: its repository is damaged`);
  expect(existsSync(join(rig.stateDirectory, 'mirror.new'))).toBe(false);
});

it('follows a tag, light or annotated', async () => {
  using rig = openFollowRig();
  const first = rig.push({ [site]: 'one' });
  rig.git('tag', 'light');
  rig.git('tag', '--annotate', '--message', 'x', 'heavy');
  rig.push({ [site]: 'two' });
  rig.git('push', '--quiet', 'origin', '--tags');

  for (const tag of ['light', 'heavy']) expect(await rig.look({ tag })).toMatchObject({ commit: first, branch: tag });
});

it('stays on a commit', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });
  rig.push({ [site]: 'two' });

  const look = await rig.look({ commit });

  expect(look).toMatchObject({ state: 'fetched', commit, branch: null });
  expect(textOf(look)).toBe('one');
});

it('what the host policy names and is no commit is told as such with every look, until it names one', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });
  rig.git('tag', '--annotate', '--message', 'first', 'v1');
  rig.git('tag', 'content', `HEAD:${site}`);
  rig.git('push', '--quiet', 'origin', 'v1', 'content');
  const tag = rig.git('rev-parse', 'v1');

  for (const named of [{ commit: tag }, { tag: 'content' }, { tag: 'content' }]) {
    const { state, problem } = await rig.look(named);
    expect(state).toBe('refused');
    expect(problem).toMatchObject({ code: 'remote-failed', hint: expect.stringContaining('name a commit') as string });
    expect(problem!.message).toMatch(/: [0-9a-f]{40} is a (?:tag|blob), not a commit$/);
  }
  expect(await rig.look({ tag: 'v1' })).toMatchObject({ state: 'fetched', commit });
});

it('enforces what it has with the remote gone and the mirror deleted', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });
  await rig.open().accept((await rig.look()).commit!);
  rmSync(rig.remote, { recursive: true });
  rmSync(join(rig.stateDirectory, 'mirror'), { recursive: true });

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'offline', commit, seen: null, remote: null, problem: { code: 'remote-failed' } });
  expect(look.problem!.message).toContain('it is no git repository');
  expect(textOf(look)).toBe('one');
  expect(textOf({ ...look, source: rig.open().lastGood() })).toBe('one');
});

it('goes back to what was accepted before one that is forsaken, and takes no other history for it', async () => {
  using rig = openFollowRig();
  const texts = ['one', 'two', 'three', 'four'];
  const commits: string[] = [];
  for (const text of texts) {
    commits.push(rig.push({ [site]: text }));
    await rig.look();
    if (text === 'one' || text === 'two') await rig.open().accept(commits.at(-1)!);
  }
  rig.open().forsake(commits[2]!);
  expect(rig.open().lastGood()?.head().commit).toBe(commits[1]);

  rig.open().forsake(commits[1]!);
  expect(rig.open().lastGood()?.head().commit).toBe(commits[0]);
  rig.git('reset', '--quiet', '--hard', commits[0]!);
  rig.git('commit', '--quiet', '--allow-empty', '--message', 'another');
  rig.git('push', '--quiet', '--force', 'origin', 'HEAD');
  expect(await rig.look()).toMatchObject({ state: 'refused', problem: { code: 'history-rewritten' } });
});

it('goes back over several that are forsaken, and stays where nothing before is known', async () => {
  using rig = openFollowRig();
  const commits: string[] = [];
  for (const text of ['one', 'two', 'three']) {
    commits.push(rig.push({ [site]: text }));
    await rig.look();
    await rig.open().accept(commits.at(-1)!);
  }

  for (const commit of commits.toReversed()) rig.open().forsake(commit);

  expect(rig.open().lastGood()?.head().commit).toBe(commits[0]);
});

it('goes back to nothing that was accepted before what an earlier version has accepted', async () => {
  using rig = openFollowRig();
  for (const text of ['one', 'two']) {
    const commit = rig.push({ [site]: text });
    await rig.look();
    await rig.open().accept(commit);
  }
  const commit = rig.push({ [site]: 'three' });
  await rig.look();
  using state = openAgentState(rig.stateDirectory);
  const memory = state.memory('source');
  memory.set('trust', { ...(memory.get('trust') as object), floor: commit, applied: { commit, branch: 'main' } });

  rig.open().forsake(commit);

  expect(rig.open().lastGood()?.head().commit).toBe(commit);
});

it('has nothing to enforce where no remote ever answered', async () => {
  using rig = openFollowRig();

  expect(await rig.look({ urls: ['/nowhere/config.git'] })).toMatchObject({ state: 'offline', source: undefined, commit: null });
  expect(rig.open().lastGood()).toBeUndefined();
});

it('a branch that was deleted is told, and the last revision stays', async () => {
  using rig = openFollowRig();
  const commit = rig.push({ [site]: 'one' });
  await rig.look();
  rig.git('push', '--quiet', 'origin', 'HEAD:other');
  rig.git('--git-dir', rig.remote, 'update-ref', '-d', 'refs/heads/main');

  const look = await rig.look();

  expect(look).toMatchObject({ state: 'refused', commit, problem: { code: 'remote-failed' } });
  expect(look.problem!.message).toContain('it has no refs/heads/main');
});

it('gives an aborted look back at once', async () => {
  using rig = openFollowRig();

  await expect(rig.open().look(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
});
