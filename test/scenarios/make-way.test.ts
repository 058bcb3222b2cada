import { chmodSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { chance, sample } from '../faults/fault-rig.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

interface Configuration {
  readonly resources: string;
  readonly files?: Readonly<Record<string, string>>;
}

interface Move {
  readonly what: string;
  readonly from: Configuration;
  readonly to: Configuration;
}

const policy = { 'desired-state/policy.yaml': 'destroy: { max_delete_percent: 100 }\n' };
const tree = '- { kind: tree, path: /srv/o, source: o }';
const ofTree = (...names: readonly string[]): Configuration => ({
  resources: tree,
  files: Object.fromEntries(names.map((name) => [`desired-state/files/o/${name}`, `${name}\n`])),
});
const file = (path: string): string => `- { kind: file, path: ${path}, content: "${path}\\n", mode: "0640" }`;
const directory = (path: string): string => `- { kind: directory, path: ${path}, mode: "0750" }`;
const link = (path: string): string => `- { kind: link, path: ${path}, target: nowhere }`;
/** Resources alone. */
const only = (...resources: readonly string[]): Configuration => ({ resources: resources.join('\n') });
const beside = ({ resources, files = {} }: Configuration, ...more: readonly string[]): Configuration => ({
  resources: [resources, ...more].join('\n'),
  files,
});

/** Each of them goes both ways. */
const pairs: readonly (readonly [what: string, Configuration, Configuration])[] = [
  ['a file of a tree and a directory of it', ofTree('a', 'z'), ofTree('a/in', 'a/deep/in', 'z')],
  ['two of a tree at once, in both directions', ofTree('a/x/y', 'a/z', 'b', 'c-d'), ofTree('a', 'b/x', 'c-d')],
  ['a file and a directory', only(file('/srv/a')), only(directory('/srv/a'))],
  ['a file and one below it', only(file('/srv/a')), only(file('/srv/a/in'))],
  ['a file and a directory with files', only(file('/srv/a')), only(directory('/srv/a'), file('/srv/a/in'), file('/srv/a/of'))],
  ['a file and nested directories', only(file('/srv/a')), only(directory('/srv/a'), directory('/srv/a/b'), file('/srv/a/b/c'))],
  ['a link and a directory', only(link('/srv/a')), only(directory('/srv/a'), file('/srv/a/in'))],
  ['a link and a file below it', only(link('/srv/a')), only(file('/srv/a/in'))],
  ['a file and a tree', only(file('/srv/o')), ofTree('a/x', 'y')],
  ['a link and a tree', only(link('/srv/o')), ofTree('a/x', 'y')],
  ['a file of a tree and a directory', ofTree('a', 'z'), beside(ofTree('z'), directory('/srv/o/a'), file('/srv/o/a/in'))],
  ['a file of a tree and a file below it', ofTree('a', 'z'), beside(ofTree('z'), file('/srv/o/a/in'))],
  ['a file in a tree and a directory of it', beside(ofTree('z'), file('/srv/o/a')), ofTree('a/in', 'z')],
  ['a file and a tree in a tree', beside(ofTree('z', 'b'), file('/srv/o/a')), beside(ofTree('z', 'a/of'), file('/srv/o/b/in'))],
];
const bothWays = pairs.flatMap(([what, from, to]): Move[] => [
  { what, from, to },
  { what: `${what}, back`, from: to, to: from },
]);
/** An owner that was given once stays, so that this goes one way. */
const handedOver: Move = {
  what: 'the same with another owner',
  from: ofTree('a', 'z'),
  to: { ...ofTree('a/in', 'z'), resources: tree.replace(' }', ', owner: "4001" }') },
};
/** One way of each, without `LONG=1`. */
const moves = [...sample(bothWays, pairs.length, chance('make-way')), handedOver];

const isState = (path: string): boolean => path === '/var';
const standing = ({ root }: Repository): string => snapshot(root, { ignore: isState });

function configure(repository: Repository, { resources, files = {} }: Configuration): void {
  rmSync(join(repository.path, 'desired-state/files'), { recursive: true, force: true });
  repository.write('desired-state/site.yaml', site(resources));
  for (const [name, content] of Object.entries(files)) repository.write(name, content);
}

function open({ resources, files = {} }: Configuration): Repository {
  const repository = makeRepository(resources, { ...policy, ...files });
  mkdirSync(join(repository.root, 'srv'));
  expect(repository.report()).toMatchObject({ outcome: 'converged', problems: [] });
  return repository;
}

it.each(moves)('$what: what is in the way goes first, once, and comes back with a rollback', ({ from, to }) => {
  using fresh = open(to);
  using repository = open(from);
  const before = standing(repository);
  configure(repository, to);

  const check = repository.report(['--check']);
  expect(check).toMatchObject({ exit: 2, problems: [] });
  expect(standing(repository)).toBe(before);

  expect(repository.report()).toMatchObject({ outcome: 'converged', problems: [] });
  expect(standing(repository)).toBe(standing(fresh));
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });

  const back = repository.cli('rollback', '--root', repository.root);
  expect(back.exit, back.stdout + back.stderr).toBe(0);
  expect(standing(repository)).toBe(before);
});

interface Refused extends Omit<Move, 'what'> {
  readonly given?: (root: string) => void;
  readonly args?: readonly string[];
  /** What stands in the way. */
  readonly messages: readonly string[];
}

const dirOfTree: Move = { what: '', from: ofTree('a/in', 'z'), to: ofTree('a', 'z') };
const dirWithFile = only(directory('/srv/a'), file('/srv/a/in'));
const kept = (resource: string, prune: string): string => resource.replace(' }', `, prune: ${prune} }`);
const tagged = (resource: string): string => resource.replace(' }', ', tags: [t] }');
const notAFile = ['/srv/a is a directory, not a file'];
const noDirectory = ['/srv/a is a file, where a directory is wanted'];

const refused: Readonly<Record<string, Refused>> = {
  'a file of a tree that somebody edited': {
    from: ofTree('a', 'z'),
    to: ofTree('a/in', 'z'),
    given: (root) => writeFileSync(join(root, 'srv/o/a'), 'mine\n'),
    messages: ['/srv/o/a is a file; move it away by hand'],
  },
  'a directory of a tree with a file of somebody else': {
    ...dirOfTree,
    given: (root) => writeFileSync(join(root, 'srv/o/a/theirs'), ''),
    messages: ['/srv/o/a is a directory; move it away by hand'],
  },
  'a directory of a tree with an empty directory of somebody else': {
    ...dirOfTree,
    given: (root) => mkdirSync(join(root, 'srv/o/a/theirs')),
    messages: ['/srv/o/a is a directory; move it away by hand'],
  },
  'a directory of a tree that is purged, with a file of somebody else': {
    from: { ...dirOfTree.from, resources: '- { kind: tree, path: /srv/o, source: o, purge: all }' },
    to: { ...dirOfTree.to, resources: '- { kind: tree, path: /srv/o, source: o, purge: all }' },
    given: (root) => writeFileSync(join(root, 'srv/o/a/theirs'), ''),
    messages: ['/srv/o/a is a directory; move it away by hand'],
  },
  'one of two': {
    from: ofTree('a', 'b', 'z'),
    to: ofTree('a/in', 'b/in', 'z'),
    given: (root) => chmodSync(join(root, 'srv/o/b'), 0o600),
    messages: ['/srv/o/b is a file; move it away by hand'],
  },
  'a file that somebody edited': {
    from: only(file('/srv/a')),
    to: dirWithFile,
    given: (root) => writeFileSync(join(root, 'srv/a'), 'mine\n'),
    messages: [...noDirectory, '/srv/a is a file; move it away by hand'],
  },
  'a file with another mode': {
    from: only(file('/srv/a')),
    to: only(directory('/srv/a')),
    given: (root) => chmodSync(join(root, 'srv/a'), 0o600),
    messages: noDirectory,
  },
  'a file with a second name': {
    from: only(file('/srv/a')),
    to: only(directory('/srv/a')),
    given: (root) => linkSync(join(root, 'srv/a'), join(root, 'srv/b')),
    messages: ['/srv/a has another name (hard link)'],
  },
  'a file that is to be kept': {
    from: only(kept(file('/srv/a'), 'no')),
    to: only(directory('/srv/a')),
    messages: noDirectory,
  },
  'a file whose removal waits for a person': {
    from: only(kept(file('/srv/a'), 'confirm')),
    to: only(directory('/srv/a')),
    messages: noDirectory,
  },
  'a file that was seeded': {
    from: only('- { kind: file, path: /srv/a, content: a, create_only: true }'),
    to: only(directory('/srv/a')),
    messages: noDirectory,
  },
  'a file that git wants absent': {
    from: only(file('/srv/a')),
    to: only('- { kind: file, path: /srv/a, ensure: absent }', file('/srv/a/in')),
    messages: ['/srv/a is a file; move it away by hand'],
  },
  'a file that is not among the chosen tags': {
    from: only(tagged(file('/srv/a'))),
    to: only(tagged(directory('/srv/a'))),
    args: ['--tags', 't'],
    messages: noDirectory,
  },
  'a directory with a file that is to be kept': {
    from: only(directory('/srv/a'), kept(file('/srv/a/in'), 'no')),
    to: only(file('/srv/a')),
    messages: notAFile,
  },
  'a directory that is to be kept': {
    from: only(kept(directory('/srv/a'), 'no'), file('/srv/a/in')),
    to: only(file('/srv/a')),
    messages: notAFile,
  },
  'a directory with another mode': {
    from: dirWithFile,
    to: only(file('/srv/a')),
    given: (root) => chmodSync(join(root, 'srv/a'), 0o755),
    messages: notAFile,
  },
  'a directory of which the ledger knows nothing, and that is not as one is made on the way': {
    from: only(file('/srv/a/in')),
    to: only(file('/srv/a')),
    given: (root) => chmodSync(join(root, 'srv/a'), 0o700),
    messages: notAFile,
  },
  'an empty directory of which the ledger knows nothing': {
    from: only(file('/srv/z')),
    to: only(file('/srv/z'), file('/srv/a')),
    given: (root) => mkdirSync(join(root, 'srv/a')),
    messages: notAFile,
  },
  'a link behind which stands what is wanted': {
    from: only('- { kind: link, path: /srv/a, target: b }'),
    to: dirWithFile,
    given: (root) => {
      mkdirSync(join(root, 'srv/b'));
      writeFileSync(join(root, 'srv/b/in'), 'theirs\n');
    },
    messages: ['/srv/a is a link, where a directory is wanted', '/srv/a is a symbolic link; nothing is written through it'],
  },
};

it.each(Object.entries(refused))('%s stays in the way', (_what, { from, to, given, args = [], messages }) => {
  using repository = open(from);
  given?.(repository.root);
  configure(repository, to);
  const before = standing(repository);

  for (const more of [['--check'], []]) {
    const { exit, problems } = repository.report([...more, ...args]);
    expect(problems.map(({ message }) => message)).toEqual(messages);
    expect(exit).toBe(7);
  }
  expect(standing(repository)).toBe(before);
});

it('a link that takes the place of a directory may lead to what has the same names, and nothing is swept behind it', () => {
  using repository = open(only(file('/srv/a/in')));
  mkdirSync(join(repository.root, 'srv/b'));
  for (const name of ['in', '.agent-0123456789abcdef']) writeFileSync(join(repository.root, 'srv/b', name), 'theirs\n');
  const before = standing(repository);
  configure(repository, only('- { kind: link, path: /srv/a, target: b }'));

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { create: 1, remove: 1 } });
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });
  expect(repository.cli('rollback', '--root', repository.root).exit).toBe(0);
  expect(standing(repository)).toBe(before);
});

it.each([
  ['destroy-budget', 'destroy: { max_delete: 0 }', 'the plan deletes 1 thing, 0 are allowed in one run'],
  [
    'protected-path',
    'protected_paths: [{ path: /srv/a, except: [directory] }]',
    '/srv/a is protected by protected_paths (/srv/a)',
  ],
])('%s: policy judges what makes way', (code, text, message) => {
  using repository = open(only(file('/srv/a')));
  repository.write('desired-state/policy.yaml', `${text}\n`);
  configure(repository, only(directory('/srv/a')));

  expect(repository.report()).toMatchObject({ exit: 7, problems: [{ code, message }] });
});

it('a check shows what goes before what comes', () => {
  using repository = open(only(file('/srv/a'), file('/srv/z')));
  configure(repository, only(directory('/srv/a'), file('/srv/a/in')));

  const { steps } = repository.report(['--check']);

  expect(steps.map(({ action, address }) => `${action} ${address}`)).toEqual([
    'remove file[/srv/a]',
    'create directory[/srv/a]',
    'create file[/srv/a/in]',
    'remove file[/srv/z]',
  ]);
});
