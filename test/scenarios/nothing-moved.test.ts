import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeBelow } from '../support/write-below.ts';
import { makeRepository, site, type Repository } from '../support/repository.ts';

const resources = `
- { kind: file, path: /etc/motd, content: "{{ greeting | default('hello') }} {{ revision.short }}\\n" }
- { kind: tree, path: /srv/overlay, source: overlay, purge: all }
`;
const files = { 'desired-state/files/overlay/a': 'a\n', 'desired-state/files/overlay/b/c': 'c\n' };

/** What happens between two runs, and the exit of the check that follows. */
const events: readonly { readonly name: string; readonly exit: number; readonly happens: (repository: Repository) => void }[] = [
  { name: 'nothing', exit: 0, happens: () => undefined },
  { name: 'an edit of a source file', exit: 2, happens: ({ write }) => write('desired-state/files/overlay/a', 'A\n') },
  { name: 'a new source file', exit: 2, happens: ({ write }) => write('desired-state/files/overlay/new', 'n\n') },
  { name: 'a lost source file', exit: 2, happens: ({ path }) => rmSync(join(path, 'desired-state/files/overlay/b/c')) },
  {
    name: 'variables where there were none',
    exit: 2,
    happens: ({ write }) => write('inventory/group_vars/all.yml', 'greeting: moin\n'),
  },
  {
    name: 'an edit of a managed file that keeps size and times',
    exit: 3,
    happens: ({ root }) => editKeepingTimes(join(root, 'srv/overlay/a')),
  },
  {
    name: 'a foreign file in a purged tree',
    exit: 3,
    happens: ({ root }) => writeFileSync(join(root, 'srv/overlay/b/foreign'), ''),
  },
  { name: 'a lost managed file', exit: 3, happens: ({ root }) => rmSync(join(root, 'etc/motd')) },
  { name: 'a file beside the configuration', exit: 0, happens: ({ write }) => write('README.md', 'about\n') },
];

describe('after a converged run', () => {
  it.each(events)('$name is answered with exit $exit', ({ happens, exit }) => {
    using repository = makeRepository(resources, files);
    expect(repository.run().exit).toBe(0);
    expect(repository.run().exit).toBe(0);

    happens(repository);

    expect(repository.run(['--check']).exit).toBe(exit);
    expect(repository.run().exit).toBe(0);
    expect(repository.run(['--check']).exit).toBe(0);
  });

  it.skipIf(process.geteuid?.() !== 0).each([
    ['owner', 'passwd', 'app:x:1000:1000::/:/bin/sh\n', 'app:x:2000:1000::/:/bin/sh\n'],
    ['group', 'group', 'app:x:1000:\n', 'app:x:2000:\n'],
  ])('an account that has another number is noticed, as %s', async (attribute, database, before, after) => {
    using repository = makeRepository(`- { kind: file, path: /srv/file, content: x, ${attribute}: app }`);
    const file = join(repository.root, 'etc', database);
    writeBelow(repository.root, `etc/${database}`, `root:x:0:0::/root:/bin/sh\n${before}`);
    repository.run();
    repository.run();
    expect(repository.report(['--paranoid']).planDigest).toBeNull();

    writeFileSync(file, readFileSync(file, 'utf8').replace(before, after));

    expect(repository.run(['--check']).exit).toBe(3);
    expect(repository.report().counts).toMatchObject({ update: 1 });
    expect(statSync(join(repository.root, 'srv/file'))[attribute === 'owner' ? 'uid' : 'gid']).toBe(2000);
    expect(repository.run(['--check']).exit).toBe(0);
  });

  it('a new commit is noticed, because templates may show it', () => {
    using repository = makeRepository(resources, files);
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', repository.path, '-c', 'user.name=t', '-c', 'user.email=t@host.example', ...args]).toString();
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'first');
    repository.run();

    git('commit', '-qm', 'second', '--allow-empty');
    repository.run();

    const short = git('rev-parse', '--short=12', 'HEAD').trim();
    expect(readFileSync(join(repository.root, 'etc/motd'), 'utf8')).toBe(`hello ${short}\n`);
  });

  it('a converged run leaves every byte of its own state alone', () => {
    using repository = makeRepository(resources, files);
    repository.run();
    repository.run();
    const state = join(repository.root, 'var/lib/timmy-reconciler');
    const before = ['converged', 'catalog', 'state.db'].map((name) => statSync(join(state, name), { bigint: true }).ctimeNs);

    repository.run();
    repository.run(['--paranoid']);

    expect(['converged', 'catalog', 'state.db'].map((name) => statSync(join(state, name), { bigint: true }).ctimeNs)).toEqual(
      before,
    );
  });

  it('a converged run does not load what takes long to load', () => {
    using repository = makeRepository(resources, files);
    repository.commit('first');
    repository.run();
    repository.run();
    const loaded = join(repository.root, 'loaded');
    const preload = join(repository.root, 'preload.cjs');
    writeFileSync(
      preload,
      `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(loaded)}, process.moduleLoadList.join('\\n')));`,
    );

    repository.run([], { NODE_OPTIONS: `--require ${preload}` });
    const names = readFileSync(loaded, 'utf8').split('\n');

    expect(names).toContain('NativeModule fs');
    const slow = ['child_process', 'crypto', 'http', 'net', 'perf_hooks', 'stream', 'timers/promises', 'tty', 'zlib'];
    expect(names.filter((name) => slow.includes(name.replace('NativeModule ', '')))).toEqual([]);
  });

  it('the plan of a check from the cache is the plan of a compiled one', () => {
    using repository = makeRepository(resources, files);
    repository.run();
    repository.run();
    writeFileSync(join(repository.root, 'srv/overlay/a'), 'edited\n');

    const cached = repository.report(['--check']);
    rmSync(join(repository.root, 'var/lib/timmy-reconciler/catalog'));
    const compiled = repository.report(['--check']);

    expect(cached.planDigest).toBe(compiled.planDigest);
    expect(cached.steps).toEqual(compiled.steps);
    expect(cached.counts).toEqual(compiled.counts);
  });

  it('a host on which something differs and is only reported is told so again without reading a document', () => {
    using repository = makeRepository(`${resources}- { kind: file, path: /etc/left, content: x, on_drift: report }`, files);
    repository.run();
    const left = join(repository.root, 'etc/left');
    writeFileSync(left, 'edited\n');
    repository.write('inventory/group_vars/all.yml', 'greeting: moin\n');
    expect(repository.report()).toMatchObject({ exit: 0, writes: 1, counts: { held: 1 } });
    const [preload, opened] = [join(repository.root, 'preload.cjs'), join(repository.root, 'opened')];
    const note = `(fs, open) => { fs.openSync = (...asked) => { fs.appendFileSync(${JSON.stringify(opened)}, asked[0] + '\\n'); return open(...asked); }; }`;
    writeFileSync(preload, `(${note})(require('fs'), require('fs').openSync);`);

    const told = repository.report([], { NODE_OPTIONS: `--require ${preload}` });

    expect(told).toMatchObject({ exit: 0, writes: 0, summary: expect.stringContaining('1 of 3 resources differs') });
    expect(readFileSync(opened, 'utf8')).not.toContain('site.yaml');
    writeFileSync(left, 'edited again\n');
    expect(repository.report().steps).not.toEqual(told.steps);
    expect(repository.run(['status']).stdout).not.toContain('Converged');
  });

  it('a host that is given another role is compiled for it', () => {
    using repository = makeRepository(resources, files);
    repository.run();

    repository.write('desired-state/site.yaml', site(`${resources}- { kind: file, path: /etc/more, content: x }`));

    expect(repository.report().counts).toMatchObject({ resources: 3, create: 1 });
  });
});

function editKeepingTimes(file: string): void {
  const { atime, mtime, size } = statSync(file);
  writeFileSync(file, 'x'.repeat(size));
  utimesSync(file, atime, mtime);
}
