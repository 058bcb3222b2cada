import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import { makeLiveRepository } from '../support/live-repository.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

const tree = '- { kind: tree, path: /srv/tree, source: tree, purge: all }\n';
const inTree = { 'desired-state/files/tree/a': 'a' };

/** Mounts below the root of a repository; gone before it is. */
function mounter(repository: Repository, { skip }: TestContext) {
  const mounted: string[] = [];
  const mount = (...args: string[]): void => {
    if (process.getuid?.() !== 0) skip('needs root to mount');
    const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
    if (status !== 0) skip(`cannot mount: ${stderr.trim()}`);
    mounted.push(args.at(-1)!);
  };
  return {
    empty(path: string): string {
      const real = join(repository.root, path);
      mkdirSync(real, { recursive: true });
      mount('-t', 'tmpfs', '-o', 'size=1m', 'small disk', real);
      return real;
    },
    /** A file on itself, or a directory. */
    bind(path: string): void {
      mount('--bind', join(repository.root, path), join(repository.root, path));
    },
    [Symbol.dispose]() {
      for (const path of mounted.toReversed()) spawnSync('umount', [path]);
    },
  };
}

const refusal = (path: string, what = '') => expect.stringContaining(`${path} is a mount point (${what}`) as string;

it.for(['disk', 'deep/a b', 'line\nbreak', 'back\\slash', 'tab\t#hash'])(
  'a tree that purges everything refuses what is mounted below it at %j, and removes nothing of it',
  (name, context) => {
    using repository = makeRepository(tree, inTree);
    using mounts = mounter(repository, context);
    const disk = mounts.empty(`srv/tree/${name}`);
    writeFileSync(join(disk, 'theirs'), 'x');

    for (const args of [['--check'], []]) {
      const { exit, problems } = repository.report(args);
      expect(problems).toMatchObject([{ code: 'unsafe-target', message: refusal(`/srv/tree/${name}`, 'tmpfs of small disk)') }]);
      expect(exit).toBe(7);
    }
    expect(readdirSync(join(repository.root, 'srv/tree'))).toHaveLength(1);
    expect(readdirSync(disk)).toEqual(['theirs']);
  },
);

it('a tree that purges everything leaves a mount point that has a directory of its own in git', (context) => {
  using repository = makeRepository(`${tree}- { kind: directory, path: /srv/tree/disk, mode: '0700' }\n`, inTree);
  using mounts = mounter(repository, context);
  const disk = mounts.empty('srv/tree/disk');
  writeFileSync(join(disk, 'theirs'), 'x');

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { update: 2 } });
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });
  expect(readdirSync(disk)).toEqual(['theirs']);
});

it('files of git are written where something is mounted below their tree; what is foreign there is refused', (context) => {
  using repository = makeRepository(tree, { ...inTree, 'desired-state/files/tree/disk/deep/b': 'b' });
  using mounts = mounter(repository, context);
  const disk = mounts.empty('srv/tree/disk');

  expect(repository.report()).toMatchObject({ outcome: 'converged' });
  writeFileSync(join(disk, 'deep/b'), 'edited');
  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
  writeFileSync(join(disk, 'deep/c'), 'theirs');
  writeFileSync(join(disk, 'theirs'), 'theirs');
  const { exit, problems } = repository.report();

  const message =
    '/srv/tree/disk/deep/c is a foreign path below /srv/tree/disk (tmpfs of small disk), which only a tree of its own purges; move it away by hand';
  expect(problems).toMatchObject([{ code: 'unsafe-target', message }]);
  expect(exit).toBe(7);
  repository.write(
    'desired-state/site.yaml',
    site(
      `${tree}- { kind: file, path: /srv/tree/disk/deep/c, content: c }\n- { kind: file, path: /srv/tree/disk/theirs, content: c }\n`,
    ),
  );
  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { update: 2 } });
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [] });
  rmSync(join(repository.path, 'desired-state/files/tree/disk/deep/b'));
  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
  expect(readdirSync(join(disk, 'deep'))).toEqual(['c']);
});

it('a tree purges a directory that is only mounted on itself, as service managers do, but for the directory', (context) => {
  using repository = makeRepository(tree, { ...inTree, 'desired-state/files/tree/sub/b': 'b' });
  using mounts = mounter(repository, context);
  repository.run();
  mounts.bind('srv/tree/sub');
  mounts.bind('srv/tree');
  writeFileSync(join(repository.root, 'srv/tree/sub/theirs'), 'x');

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
  expect(readdirSync(join(repository.root, 'srv/tree/sub'))).toEqual(['b']);
});

it.for([
  ['file', '- { kind: file, path: /etc/hosts, content: new }\n'],
  ['file that is to go', '- { kind: file, path: /etc/hosts, ensure: absent }\n'],
  ['tree', '- { kind: tree, path: /etc, source: etc }\n'],
  ['config', '- { kind: config, path: /etc/hosts, format: ini, set: { a: { b: c } } }\n'],
])('a %s whose path is a mount point is refused before the first write', ([, resource], context) => {
  using repository = makeRepository(`- { kind: file, path: /etc/first, content: x }\n${resource}`, {
    'desired-state/files/etc/hosts': 'new',
  });
  using mounts = mounter(repository, context);
  const hosts = join(repository.root, 'etc/hosts');
  mkdirSync(join(repository.root, 'etc'));
  writeFileSync(hosts, '');
  mounts.bind('etc/hosts');

  for (const args of [['--check'], []]) {
    const { exit, problems } = repository.report(args);
    expect(problems).toMatchObject([{ code: 'unsafe-target', message: refusal('/etc/hosts') }]);
    expect(exit).toBe(7);
  }
  expect(existsSync(join(repository.root, 'etc/first'))).toBe(false);
  expect(readFileSync(hosts, 'utf8')).toBe('');
});

it.for([
  ['group', '/etc/group'],
  ['user', '/etc/passwd'],
] as const)('a %s is refused in the plan where %s, which programs replace, is a mount point', ([kind, path], { skip }) => {
  if (process.getuid?.() !== 0) return skip('needs root to mount');
  if (!existsSync('/usr/sbin/useradd')) return skip('needs useradd');
  using live = makeLiveRepository(`- { kind: ${kind}, name: reconcile-nobody }\n`);
  for (const each of ['/etc/group', '/etc/passwd', '/home/reconcile-nobody']) live.allow(each);
  const script = `mount --bind ${path} ${path} || exit 99; exec "$@"`;
  const words = [process.execPath, program, '--source', live.path, '--host', 'box', '--check', '-o', 'json'];

  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...words], {
    env: { PATH: process.env['PATH'], ...live.env },
    encoding: 'utf8',
  });

  if (status === 99 || stderr.startsWith('unshare:')) return skip(`cannot mount: ${stderr.trim()}`);
  expect(JSON.parse(stdout)).toMatchObject({ problems: [{ code: 'unsafe-target', message: refusal(path) }] });
  expect(status).toBe(7);
});

it('a file that is a mount point is converged where it is equal, and may change its mode', (context) => {
  using repository = makeRepository("- { kind: file, path: /etc/hosts, content: same, mode: '0600' }\n");
  using mounts = mounter(repository, context);
  mkdirSync(join(repository.root, 'etc'));
  writeFileSync(join(repository.root, 'etc/hosts'), 'same', { mode: 0o644 });
  mounts.bind('etc/hosts');

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [] });
});

it('a directory that is to go is refused while something is mounted on it; one that left git stays', (context) => {
  using repository = makeRepository('- { kind: directory, path: /srv/data }\n- { kind: tree, path: /srv/tree, source: tree }\n', {
    ...inTree,
    'desired-state/policy.yaml': 'destroy: { max_delete_percent: 100 }\n',
  });
  using mounts = mounter(repository, context);
  repository.run();
  mounts.empty('srv/data');
  mounts.bind('srv/tree');
  repository.write('desired-state/site.yaml', site('- { kind: directory, path: /srv/data, ensure: absent }\n'));
  const { exit, problems } = repository.report();
  repository.write('desired-state/site.yaml', site('- { kind: file, path: /srv/file, content: x }\n'));
  const left = repository.report();

  expect(problems).toMatchObject([{ code: 'unsafe-target', message: refusal('/srv/data', 'tmpfs') }]);
  expect(exit).toBe(7);
  expect(left).toMatchObject({ outcome: 'converged', problems: [] });
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [] });
  expect(readdirSync(join(repository.root, 'srv')).sort()).toEqual(['data', 'file', 'tree']);
  expect(readdirSync(join(repository.root, 'srv/tree'))).toEqual([]);
});

it.for([
  ['a file', '{ kind: file, path: "{{ base }}/in/there", content: new }', '--bind there there'],
  ['a directory', '{ kind: directory, path: "{{ base }}/in/there", ensure: absent }', '-t tmpfs late there'],
  ['what is foreign', '{ kind: tree, path: "{{ base }}/in", source: tree, purge: all }', '-t tmpfs late there'],
] as const)('a run is taken back where something is mounted on %s after it was planned', ([, resource, mount], { skip }) => {
  if (process.getuid?.() !== 0) return skip('needs root to mount');
  const made = '"{{ base }}/made"';
  const command = `{ kind: command, name: late, argv: [sh, -c, "mount ${mount} && touch ../made"], cwd: "{{ base }}/in", creates: ${made} }`;
  const first = '{ kind: file, path: "{{ base }}/first", content: new }';
  using live = makeLiveRepository(`- ${first}\n- ${command}\n- { after: ["command[late]"], ${resource.slice(1)}\n`, inTree);
  const isFile = resource.includes('kind: file');
  const there = join(live.base, 'in/there');
  if (isFile) live.put('in/there', 'old');
  else mkdirSync(there, { recursive: true });
  using _ = { [Symbol.dispose]: () => void spawnSync('umount', [there]) };

  const { exit, outcome, problems } = live.report();

  if (!existsSync(join(live.base, 'made'))) return skip(`cannot mount: ${JSON.stringify(problems)}`);
  expect({ exit, outcome }).toEqual({ exit: 6, outcome: 'rolledBack' });
  expect(readdirSync(live.base)).toEqual(['in', 'made']);
  expect(readdirSync(join(live.base, 'in'))).toEqual(['there']);
  if (isFile) expect(readFileSync(there, 'utf8')).toBe('old');
  expect(live.report(['--check'])).toMatchObject({ exit: 7, problems: [{ code: 'unsafe-target' }, { code: 'quarantined' }] });
});

it('a file that left git is held while it is a mount point', (context) => {
  using repository = makeRepository('- { kind: file, path: /srv/it, content: x }\n');
  using mounts = mounter(repository, context);
  repository.run();
  mounts.bind('srv/it');
  repository.write('desired-state/site.yaml', site('- { kind: file, path: /srv/other, content: x }\n'));

  const { exit, steps } = repository.report();

  expect(exit).toBe(0);
  expect(steps).toMatchObject([{ outcome: 'changed' }, { outcome: 'held', reason: refusal('/srv/it') }]);
  expect(readFileSync(join(repository.root, 'srv/it'), 'utf8')).toBe('x');
});
