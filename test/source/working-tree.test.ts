import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/model/json.ts';
import { formatProblem } from '../../src/model/problem.ts';
import { openWorkingTree } from '../../src/source/working-tree.ts';
import { makeRepository, type Repository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('what is no regular file is a problem at its place, and is not read', () => {
  using directory = temporaryDirectory();
  const files = join(directory.path, 'desired-state/files');
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, 'good'), 'x');
  symlinkSync('/etc/passwd', join(files, 'link'));
  symlinkSync('desired-state', join(directory.path, 'roles'));

  const { problems, files: tree } = openWorkingTree(directory.path);

  expect(problems.map(({ code }) => code)).toEqual(['not-a-file', 'not-a-file']);
  expect(problems.map(formatProblem)).toEqual([
    'desired-state/files/link:1:1  not a regular file; links and devices are not read from a repository',
    'roles:1:1  not a directory; links are not followed in a repository',
  ]);
  expect(tree.list('desired-state').map(({ path }) => path)).toEqual(['desired-state/files/good']);
  expect(tree.read('desired-state/files/link')).toBeUndefined();
});

it.each(['\n', '\r', '\u2028'])('a name with a line break (%j) is a problem, of a file or of a directory', (lineBreak) => {
  using directory = temporaryDirectory();
  const files = join(directory.path, 'desired-state/files');
  mkdirSync(join(files, `a${lineBreak}b`), { recursive: true });
  writeFileSync(join(files, `a${lineBreak}b/c`), 'x');
  writeFileSync(join(files, `d${lineBreak}`), 'x');

  const { problems, files: tree } = openWorkingTree(directory.path);

  expect(problems.map(({ code, message }) => [code, message])).toEqual([
    ['not-a-file', 'its name has a line break'],
    ['not-a-file', 'its name has a line break'],
  ]);
  expect(tree.list('desired-state')).toEqual([]);
});

it.each([0, 4, 1024 * 1024 - 1, 1024 * 1024, 3 * 1024 * 1024 + 7])(
  'a file of %i bytes has the digest of what is read',
  (size) => {
    using directory = temporaryDirectory();
    mkdirSync(join(directory.path, 'desired-state'));
    writeFileSync(join(directory.path, 'desired-state/x'), Buffer.alloc(size, 'content'));

    const { files } = openWorkingTree(directory.path);

    expect(files.digest('desired-state/x')).toEqual({ sha256: sha256(files.read('desired-state/x')!), size });
    expect(files.digest('desired-state/y')).toBeUndefined();
  },
);

it('what Git LFS keeps elsewhere is refused where it would come onto the host, as hosts refuse it', () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d'.repeat(32)}\nsize 12345\n`;
  const files = {
    'desired-state/files/a/b': pointer,
    'desired-state/templates/t': pointer,
    'desired-state/files/other': pointer,
  };
  using repository = makeRepository(
    `- { kind: file, path: /f, source: a/b }
- { kind: tree, path: /t, source: a }
- { kind: file, path: /g, template: t }`,
    files,
  );

  const { exit, stdout } = repository.cli('validate');

  expect(exit).toBe(65);
  expect(stdout.match(/ is a Git LFS pointer, the file itself is not there/g)).toHaveLength(3);
});

it('a submodule that is not checked out is a problem, and no empty directory', () => {
  using directory = temporaryDirectory();
  const files = join(directory.path, 'desired-state/files');
  for (const name of ['lib', 'taken', 'empty']) mkdirSync(join(files, name), { recursive: true });
  writeFileSync(join(files, 'taken/x'), 'x');
  const modules = ['lib', 'taken'].map((name) => `[submodule "${name}"]\n\tpath = desired-state/files/${name}\n`);
  writeFileSync(join(directory.path, '.gitmodules'), modules.join(''));

  const { problems, files: tree } = openWorkingTree(directory.path);

  expect(problems.map(formatProblem)).toEqual(['desired-state/files/lib:1:1  a submodule that is not checked out']);
  expect(tree.list('desired-state').map(({ path }) => path)).toEqual(['desired-state/files/taken/x']);
});

describe('in the middle of a merge', () => {
  const name = ['-c', 'user.name=Ada', '-c', 'user.email=ada@machine.example'];
  const git = (directory: string, ...args: readonly string[]): void =>
    void spawnSync('git', ['-C', directory, ...name, ...args], { stdio: 'pipe' });
  const motd = 'desired-state/files/grüße\tmotd';
  /** Two branches that have changed the same line; `main` is checked out. */
  function makeBranches(other = 'notes'): Repository {
    const repository = makeRepository('- { kind: file, path: /etc/motd, source: "grüße\\tmotd" }\n', {
      [motd]: 'old\n',
      [other]: 'old\n',
    });
    repository.commit('first');
    git(repository.path, 'checkout', '--quiet', '-b', 'theirs');
    const change = (text: string): void => {
      repository.write(motd, `${text}\n`);
      repository.write(other, `${text}\n`);
      repository.commit(text);
    };
    change('theirs');
    git(repository.path, 'checkout', '--quiet', 'main');
    change('ours');
    return repository;
  }

  it.each([
    ['merge', 'theirs'],
    ['rebase', 'theirs'],
    ['cherry-pick', 'theirs'],
  ])('after git %s nothing is planned from the marks', (...args) => {
    using repository = makeBranches();
    git(repository.path, ...args);

    for (const more of [['--check'], []]) {
      const { exit, problems } = repository.report(more);
      expect(problems).toMatchObject([{ code: 'unmerged', at: { file: motd } }]);
      expect(exit).toBe(65);
    }
    expect(existsSync(join(repository.root, 'etc'))).toBe(false);
    expect(repository.cli('validate')).toMatchObject({ exit: 65 });

    repository.write(motd, 'both\n');
    expect(repository.report().exit).toBe(65);
    git(repository.path, 'add', motd);
    expect(repository.report()).toMatchObject({ exit: 0, outcome: 'converged' });
    expect(readFileSync(join(repository.root, 'etc/motd'), 'utf8')).toBe('both\n');
  });

  it.each(['check', 'push'])('fleet %s touches no host, and names all that is unmerged', (command) => {
    using repository = makeBranches('desired-state/files/more');
    git(repository.path, 'merge', 'theirs');

    const { exit, stderr } = repository.cli('fleet', command);

    expect(stderr).toContain('no host was touched:\n');
    expect(stderr).toMatch(/motd:1:1 {2}unmerged in git; finish the merge or rebase first/);
    expect(stderr).toMatch(/files\/more:1:1 {2}unmerged in git; finish the merge or rebase first/);
    expect(exit).toBe(65);
  });

  it('what git stash could not put back is unmerged too, as is what one side has removed', () => {
    using repository = makeBranches();
    repository.write(motd, 'stashed\n');
    git(repository.path, 'stash', '--quiet');
    rmSync(join(repository.path, motd));
    repository.commit('removed');
    git(repository.path, 'stash', 'pop', '--quiet');

    expect(openWorkingTree(repository.path).problems).toMatchObject([{ code: 'unmerged', at: { file: motd } }]);
  });

  it.each([
    ['version 3', [], ['add', '--intent-to-add']],
    ['version 4', ['index.version', '4'], ['add']],
    ['two files', ['core.splitIndex', 'true'], ['add']],
  ])('it is seen in an index of %s', (_form, setting, add) => {
    using repository = makeBranches();
    if (setting.length > 0) git(repository.path, 'config', ...setting);
    for (let length = 1; length <= 20; length++) repository.write(`desired-state/${'n'.repeat(length)}`, 'x');
    git(repository.path, ...add, 'desired-state');
    expect(openWorkingTree(repository.path).problems).toEqual([]);

    if (add.length > 1) git(repository.path, 'reset', '--quiet');
    else git(repository.path, 'commit', '--quiet', '--message', 'more');
    git(repository.path, 'merge', 'theirs');

    expect(openWorkingTree(repository.path).problems).toMatchObject([{ code: 'unmerged', at: { file: motd } }]);
  });

  it("what is unmerged beside the configuration is nobody's business, wherever the repository begins", () => {
    using repository = makeBranches();
    git(repository.path, 'merge', 'theirs');
    git(repository.path, 'add', 'desired-state');
    expect(openWorkingTree(repository.path).problems).toEqual([]);
  });
});
