import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { never, openFollowRig, textOf, type FollowRig } from './follow-rig.ts';

const site = 'desired-state/site.yaml';

interface Entry {
  readonly mode: string;
  readonly type?: 'blob' | 'tree' | 'commit';
  readonly id?: string;
  readonly name: string | Buffer;
}

/** Writes objects into the remote itself, where nothing checks them. */
function remoteGit(rig: FollowRig, args: readonly string[], input: Buffer | string = ''): string {
  const env = { PATH: process.env['PATH'], HOME: rig.path, GIT_AUTHOR_NAME: 'Eve', GIT_AUTHOR_EMAIL: 'eve@machine.example' };
  const committer = { GIT_COMMITTER_NAME: 'Eve', GIT_COMMITTER_EMAIL: 'eve@machine.example' };
  return execFileSync('git', ['--git-dir', rig.remote, ...args], {
    env: { ...env, ...committer },
    input,
    encoding: 'utf8',
  }).trim();
}

/** Puts a commit on top of main, whose `desired-state/` holds these entries beside a good site.yaml. */
function pushTree(rig: FollowRig, entries: readonly Entry[], below = 'desired-state'): string {
  const blob = remoteGit(rig, ['hash-object', '-w', '--stdin'], 'hostile');
  const tree = makeTree(rig, [{ mode: '100644', name: 'site.yaml' }, ...entries], blob);
  const root = makeTree(rig, [{ mode: '040000', type: 'tree', id: tree, name: below }], blob);
  return commitTree(rig, root);
}

function makeTree(rig: FollowRig, entries: readonly Entry[], blob: string): string {
  // Not by mktree, which refuses some of what is tried here. Sorted by name, as git wants it.
  const sorted = entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.name as string), Buffer.from(b.name as string)));
  const bytes = sorted.map(({ mode, id, name }) =>
    Buffer.concat([
      Buffer.from(`${mode.replace(/^0/, '')} `),
      Buffer.from(name as string),
      Buffer.from([0]),
      Buffer.from(id ?? blob, 'hex'),
    ]),
  );
  return remoteGit(rig, ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], Buffer.concat(bytes));
}

function commitTree(rig: FollowRig, tree: string): string {
  const commit = remoteGit(rig, ['commit-tree', tree, '-p', 'refs/heads/main', '-m', 'hostile']);
  remoteGit(rig, ['update-ref', 'refs/heads/main', commit]);
  return commit;
}

async function refusal(make: (rig: FollowRig) => unknown) {
  using rig = openFollowRig();
  const good = rig.push({ [site]: 'good' });
  await rig.open().accept((await rig.look()).commit!);
  make(rig);
  const look = await rig.look();
  expect(look).toMatchObject({ state: 'refused', commit: good });
  expect(textOf(look)).toBe('good');
  rig.git('commit', '--quiet', '--allow-empty', '--message', 'back');
  rig.push({ [site]: 'better' });
  expect(await rig.look()).toMatchObject({ state: 'fetched' });
  return look.problem!;
}

it.each<readonly [string, readonly Entry[], string, string]>([
  ['a link', [{ mode: '120000', name: 'z' }], 'not-a-file', 'desired-state/z'],
  ['a submodule', [{ mode: '160000', type: 'commit', name: 'z' }], 'not-a-file', 'desired-state/z'],
  ['a name that is not UTF-8', [{ mode: '100644', name: Buffer.from([0x7a, 0xff]) }], 'not-a-file', 'desired-state/z\ufffd'],
  ['a name with a line break', [{ mode: '100644', name: 'z\ny' }], 'not-a-file', 'desired-state/z\ny'],
])('%s is refused with its path', async (_name, entries, code, file) => {
  expect(await refusal((rig) => pushTree(rig, entries))).toMatchObject({ code, at: { file } });
});

it('a link in the place of a directory is refused with its path', async () => {
  const problem = await refusal((rig) => {
    const blob = remoteGit(rig, ['hash-object', '-w', '--stdin'], '/etc');
    commitTree(rig, makeTree(rig, [{ mode: '120000', name: 'roles' }], blob));
  });

  expect(problem).toMatchObject({ code: 'not-a-file', at: { file: 'roles' } });
});

it.each(['..', '.git', '.GIT', 'a/b', '.'])('a tree with the name %s does not even come in', async (name) => {
  const problem = await refusal((rig) => pushTree(rig, [{ mode: '100644', name }]));

  expect(problem).toMatchObject({ code: 'remote-failed' });
  expect(problem.message).toContain('it sends objects that git refuses');
});

it('a Git LFS pointer is refused where it would come onto hosts, and nowhere else', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d'.repeat(32)}\nsize 12345\n`;
  const problem = await refusal((rig) => {
    const id = remoteGit(rig, ['hash-object', '-w', '--stdin'], pointer);
    const files = makeTree(rig, [{ mode: '100644', name: 'logo.png' }], id);
    pushTree(rig, [{ mode: '040000', type: 'tree', id: files, name: 'files' }]);
  });
  expect(problem).toMatchObject({ code: 'not-a-file', at: { file: 'desired-state/files/logo.png' } });

  using rig = openFollowRig();
  rig.push({ [site]: 'good', 'roles/app/logo.png': pointer, 'roles/app/files/README': `An example:\n${pointer}` });
  expect(await rig.look()).toMatchObject({ state: 'fetched' });
});

it('a file that is too large is refused with its path and both sizes', async () => {
  const problem = await refusal((rig) => {
    const id = remoteGit(rig, ['hash-object', '-w', '--stdin'], Buffer.alloc(64 * 1024 * 1024 + 1));
    pushTree(rig, [{ mode: '100644', id, name: 'z' }]);
  });

  expect(problem).toMatchObject({ code: 'too-large', at: { file: 'desired-state/z' } });
  expect(problem.message).toContain('67108865 bytes; expected at most 67108864');
});

it('files that unfold to more than one revision may hold are refused before they are read', async () => {
  const problem = await refusal((rig) => {
    const id = remoteGit(rig, ['hash-object', '-w', '--stdin'], Buffer.alloc(60 * 1024 * 1024));
    pushTree(
      rig,
      Array.from({ length: 18 }, (_, index) => ({ mode: '100644', id, name: `z${index + 10}` })),
    );
  });

  expect(problem).toMatchObject({ code: 'too-large' });
  expect(problem.message).toContain('expected at most 1073741824');
});

it('what stands beside the configuration is nobody’s business', async () => {
  using rig = openFollowRig();
  rig.push({ [site]: 'good' });
  const blob = remoteGit(rig, ['hash-object', '-w', '--stdin'], '/etc');
  const own = makeTree(rig, [{ mode: '100644', name: 'site.yaml' }], blob);
  const root = makeTree(
    rig,
    [
      { mode: '040000', id: own, name: 'desired-state' },
      { mode: '120000', name: 'link' },
    ],
    blob,
  );
  const commit = commitTree(rig, root);

  expect(await rig.look()).toMatchObject({ state: 'fetched', commit });
});

it('two problems of one commit are told as one', async () => {
  const problem = await refusal((rig) =>
    pushTree(rig, [
      { mode: '120000', name: 'y' },
      { mode: '120000', name: 'z' },
    ]),
  );

  expect(problem.message).toContain('(and 1 more such problems)');
});

/** A tree over trees over trees: `depth` levels of ten. */
function bomb(rig: FollowRig, tree: string, depth: number): string {
  const entries = Array.from({ length: 10 }, (_, index) => ({ mode: '040000', id: tree, name: `d${index}` }));
  return depth === 0 ? tree : bomb(rig, makeTree(rig, entries, ''), depth - 1);
}

const tenFiles = (name: string): readonly Entry[] =>
  Array.from({ length: 10 }, (_, index) => ({ mode: '100644', name: `${name}${index}` }));

it.each<readonly [string, (rig: FollowRig) => string, string]>([
  [
    'files',
    (rig) => {
      const blob = remoteGit(rig, ['hash-object', '-w', '--stdin'], 'hostile');
      return bomb(rig, makeTree(rig, tenFiles('z'), blob), 8);
    },
    'the commit has 50000 files or more',
  ],
  [
    'files that nobody reads',
    (rig) => {
      const blob = remoteGit(rig, ['hash-object', '-w', '--stdin'], 'hostile');
      return bomb(rig, makeTree(rig, tenFiles('.agent-'), blob), 8);
    },
    'the commit has 50000 files or more',
  ],
  ['directories', (rig) => bomb(rig, makeTree(rig, [], ''), 9), 'the commit has 50000 directories or more'],
  [
    'names',
    (rig) => {
      const blob = remoteGit(rig, ['hash-object', '-w', '--stdin'], 'hostile');
      let tree = makeTree(rig, [{ mode: '100644', name: 'z' }], blob);
      for (let depth = 0; depth < 20; depth++) tree = makeTree(rig, [{ mode: '040000', id: tree, name: 'n'.repeat(240) }], blob);
      return bomb(rig, tree, 4);
    },
    'the list of the files of the commit is larger than 33554432 bytes',
  ],
])('a small tree that unfolds to very many %s keeps nobody busy, and is refused as such', async (_name, make, message) => {
  const problem = await refusal((rig) => commitTree(rig, makeTree(rig, [{ mode: '040000', id: make(rig), name: 'roles' }], '')));

  expect(problem).toMatchObject({ code: 'too-large' });
  expect(problem.message).toContain(message);
});

it('a commit with a message that is too large is refused, once, and the mirror stays', async () => {
  using rig = openFollowRig();
  const good = rig.push({ [site]: 'good' });
  const follower = rig.open();
  await follower.accept((await follower.look(never)).commit!);
  const before = statSync(join(rig.stateDirectory, 'mirror')).ino;
  const message = 'x'.repeat(9 * 1024 * 1024);
  const commit = remoteGit(rig, ['commit-tree', `${good}^{tree}`, '-p', good, '-F', '-'], message);
  remoteGit(rig, ['update-ref', 'refs/heads/main', commit]);

  for (let round = 0; round < 2; round++) {
    const look = await follower.look(never);
    expect(look).toMatchObject({
      state: 'refused',
      commit: good,
      seen: commit,
      remote: rig.remote,
      problem: { code: 'too-large' },
    });
    expect(look.problem!.message).toMatch(/^commit [0-9a-f]{12} has \d+ bytes; expected at most 8388608/);
  }
  expect(statSync(join(rig.stateDirectory, 'mirror')).ino).toBe(before);
});
