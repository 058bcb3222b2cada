import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { capturePaths } from '../../src/apply/undo.ts';
import { openLocalHost, type LocalHost } from '../../src/host/local-host.ts';
import { applyKeys } from '../../src/resources/keyed-file.ts';
import { snapshot } from '../support/snapshot.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const { signal } = new AbortController();
const text = (content: string) => Buffer.from(content);

it('a staged file is complete, private and invisible until the commit', async () => {
  using directory = temporaryDirectory();
  const host = openLocalHost({ root: directory.path });
  writeFileSync(join(directory.path, 'motd'), 'old', { mode: 0o644 });

  host.writeFile('/motd', text('new'), { mode: 0o644 });

  const [staged] = readdirSync(directory.path).filter((name) => name.startsWith('.agent-'));
  expect(statSync(join(directory.path, staged ?? '')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(directory.path, 'motd'), 'utf8')).toBe('old');
  expect(host.readFile('/motd')?.toString()).toBe('new');
  await host.commit(signal);
  expect(readFileSync(join(directory.path, 'motd'), 'utf8')).toBe('new');
  expect(readdirSync(directory.path)).toEqual(['motd']);
  host.close();
});

it('what is not committed leaves no trace', () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, 'motd'), 'old');
  const before = snapshot(directory.path);
  const host = openLocalHost({ root: directory.path });

  host.writeFile('/motd', text('new'), { mode: 0o644 });
  host.link('/link', '/motd');
  host.remove('/motd');
  host.close();

  expect(snapshot(directory.path)).toBe(before);
});

it('a directory that is a link is never written through', () => {
  using directory = temporaryDirectory();
  using elsewhere = temporaryDirectory();
  symlinkSync(elsewhere.path, join(directory.path, 'etc'));
  const host = openLocalHost({ root: directory.path });

  expect(() => host.writeFile('/etc/motd', text('x'), { mode: 0o644 })).toThrow('/etc is a symbolic link');
  expect(() => host.makeDirectory('/etc/d', { mode: 0o755 })).toThrow('/etc is a symbolic link');
  expect(readdirSync(elsewhere.path)).toEqual([]);
  host.close();
});

it('a directory that changes hands during the run, and is a link by then, is not written through', async () => {
  using directory = temporaryDirectory();
  const path = (name: string): string => join(directory.path, name);
  mkdirSync(path('etc'));
  mkdirSync(path('srv/app/sub'), { recursive: true });
  const host = openLocalHost({ root: directory.path });
  host.writeFile('/srv/app/sub/first', text('ours'), { mode: 0o644 });
  await host.commit(signal);
  chmodSync(path('srv/app'), 0o777);

  renameSync(path('srv/app/sub'), path('srv/app/old'));
  symlinkSync('../../etc', path('srv/app/sub'));
  host.writeFile('/srv/app/sub/second', text('ours'), { mode: 0o644 });
  await host.commit(signal);

  expect(readdirSync(path('etc'))).toEqual([]);
  host.close();
});

it('a directory that a command has put in the place of another takes the files that follow', async () => {
  using directory = temporaryDirectory();
  const app = join(directory.path, 'app');
  mkdirSync(app);
  const host = openLocalHost({});
  host.writeFile(`${app}/first`, text('ours'), { mode: 0o644 });
  await host.commit(signal);

  await host.run(['/bin/sh', '-c', 'mv "$0" "$0.old" && mkdir "$0"', app], signal);
  host.writeFile(`${app}/second`, text('ours'), { mode: 0o644 });
  await host.commit(signal);

  expect(readdirSync(app)).toEqual(['second']);
  host.close();
});

it('a link at the target is replaced, not followed', async () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, 'victim'), 'untouched');
  symlinkSync('victim', join(directory.path, 'motd'));
  const host = openLocalHost({ root: directory.path });

  host.writeFile('/motd', text('new'), { mode: 0o600 });
  await host.commit(signal);
  host.close();

  expect(lstatSync(join(directory.path, 'motd')).isFile()).toBe(true);
  expect(readFileSync(join(directory.path, 'victim'), 'utf8')).toBe('untouched');
});

it('a fifo is not opened for reading, and a link is not followed', () => {
  using directory = temporaryDirectory();
  mkdirSync(join(directory.path, 'dir'));
  symlinkSync('/etc/passwd', join(directory.path, 'link'));
  const host = openLocalHost({ root: directory.path });

  expect(() => host.readFile('/dir')).toThrow('not a regular file');
  expect(() => host.readFile('/link')).toThrow('symbolic link');
  expect(host.readFile('/nothing')).toBeUndefined();
  host.close();
});

it.each([
  ['a second name of a file', (path: string, other: string) => linkSync(other, path)],
  ['a link', (path: string, other: string) => symlinkSync(other, path)],
  ['a fifo', (path: string) => execFileSync('mkfifo', [path])],
])('%s that has come meanwhile gets neither mode nor owner', (_what, put) => {
  using directory = temporaryDirectory();
  const [path, other] = [join(directory.path, 'program'), join(directory.path, 'other')];
  writeFileSync(other, 'untouched', { mode: 0o600 });
  put(path, other);
  const before = snapshot(directory.path);
  const host = openLocalHost({ root: directory.path, privileged: true });

  expect(() => host.setMode('/program', 0o4755)).toThrow('/program: ');
  expect(() => host.setOwner('/program', 1, 1)).toThrow('/program: ');
  expect(snapshot(directory.path)).toBe(before);
  host.close();
});

it('names that climb are refused', () => {
  using directory = temporaryDirectory();
  const host = openLocalHost({ root: directory.path });

  expect(() => host.writeFile('/..', text('x'), { mode: 0o644 })).toThrow('not a file name');
  host.close();
});

it('who may not write a directory, or does not own a file, is told so for what would be done to it', () => {
  using directory = temporaryDirectory();
  const host = openLocalHost({ root: directory.path });
  mkdirSync(join(directory.path, 'etc'));
  writeFileSync(join(directory.path, 'etc/motd'), '');
  const own = process.geteuid?.() ?? 0;
  vi.spyOn(process, 'geteuid').mockReturnValue(own + 1000);

  expect(host.unwritable('/etc/motd', 'mode')).toMatchObject({ where: '/etc/motd' });
  expect(host.unwritable('/etc', 'owner')).toMatchObject({ where: '/etc' });
  // It is replaced, for which the directory must be writable.
  expect(host.unwritable('/etc/motd', 'owner')).toBeUndefined();
  expect(host.unwritable('/etc/motd', 'content')).toBeUndefined();
  vi.restoreAllMocks();
  host.close();
});

it('what is immutable is told so, whatever would be done to it and whoever asks', ({ skip }) => {
  using directory = temporaryDirectory();
  const host = openLocalHost({ root: directory.path });
  const chattr = (flag: string, path: string): boolean => spawnSync('chattr', [flag, join(directory.path, path)]).status === 0;
  for (const path of ['file', 'directory']) {
    mkdirSync(join(directory.path, path));
    writeFileSync(join(directory.path, path, 'own'), '');
  }
  if (!chattr('+i', 'file/own') || !chattr('+i', 'directory')) return skip('needs root, and a filesystem with immutable files');
  try {
    for (const what of ['mode', 'owner', 'content'] as const) {
      expect(host.unwritable('/file/own', what)).toMatchObject({
        where: '/file/own',
        reason: expect.stringContaining('immutable') as string,
      });
      expect(host.unwritable('/directory', what)).toMatchObject({ where: '/directory' });
    }
    expect(host.unwritable('/directory/new', 'content')).toMatchObject({
      where: '/directory',
      reason: expect.stringContaining('immutable') as string,
    });
    expect(host.unwritable('/file/new', 'content')).toBeUndefined();
  } finally {
    chattr('-i', 'file/own');
    chattr('-i', 'directory');
    host.close();
  }
});

describe('a link on the way to what is read', () => {
  const secret = 'root only';

  /** Two directories with a file of the same name; whose `/home/user` is can be told by its mode. */
  const twoDirectories = (root: string, mode: number): ((name: string) => string) => {
    const path = (name: string): string => join(root, name);
    mkdirSync(path('home/user/app'), { recursive: true });
    mkdirSync(path('srv/other'), { recursive: true });
    writeFileSync(path('home/user/app/config.yaml'), 'mine: 1\n');
    writeFileSync(path('srv/other/config.yaml'), `token: ${secret}\n`, { mode: 0o600 });
    symlinkSync('target', path('srv/other/link'));
    chmodSync(path('home/user'), mode);
    return path;
  };
  const swap = (path: (name: string) => string): void => {
    renameSync(path('home/user/app'), path('home/user/theirs'));
    symlinkSync('../../srv/other', path('home/user/app'));
  };

  it('is not followed where others can have put it there', () => {
    using directory = temporaryDirectory();
    const path = twoDirectories(directory.path, 0o777);
    const host = openLocalHost({ root: directory.path });
    swap(path);

    for (const read of [host.readFile, host.readStanding, host.digest])
      expect(() => read('/home/user/app/config.yaml')).toThrow('/home/user/app is a symbolic link');
    expect(() => host.readLink('/home/user/app/link')).toThrow('/home/user/app is a symbolic link');
    host.close();
  });

  it.each(['../../srv/other', '/srv/other', '../../alias/other'])('is followed where nobody else can: %s', (target) => {
    using directory = temporaryDirectory();
    const path = twoDirectories(directory.path, 0o755);
    symlinkSync('srv', path('alias'));
    symlinkSync(target, path('home/user/link'));
    const host = openLocalHost({ root: directory.path });

    expect(host.readFile('/home/user/link/config.yaml')?.toString()).toBe(`token: ${secret}\n`);
    expect(host.readLink('/home/user/link/link')).toBe('target');
    expect(host.readFile('/home/user/link/config.yaml/below')).toBeUndefined();
    expect(host.readFile('/home/user/none/config.yaml')).toBeUndefined();
    host.close();
  });

  it('that leads to itself has an end', () => {
    using directory = temporaryDirectory();
    symlinkSync('loop', join(directory.path, 'loop'));
    const host = openLocalHost({ root: directory.path });

    expect(() => host.readFile('/loop/file')).toThrow('/loop is a symbolic link');
    host.close();
  });

  it('that comes between two looks gives nobody the bytes of another file: undo data and edits are of one file', () => {
    using directory = temporaryDirectory();
    const path = twoDirectories(directory.path, 0o777);
    const file = '/home/user/app/config.yaml';
    const saved: string[] = [];
    const journal = { putContent: (_run: string, _digest: string, bytes: Buffer) => saved.push(bytes.toString()) } as never;
    for (const method of ['readFile', 'readStanding', 'readLink'] as const) {
      const host = openLocalHost({ root: directory.path });
      const swapped = (...call: [string]): unknown => {
        swap(path);
        try {
          return host[method](...call);
        } finally {
          rmSync(path('home/user/app'));
          renameSync(path('home/user/theirs'), path('home/user/app'));
        }
      };
      const attacked = { ...host, [method]: swapped } as LocalHost;
      const wanted = { path: file, format: 'yaml', leaves: { ours: 1 }, unset: [] } as const;

      attempt(() => capturePaths([file], attacked, { run: 'run', journal }, new Set()));
      attempt(() => applyKeys(wanted, [{ field: 'ours', from: null, to: 1 }], { host: attacked }));
      saved.push(host.readFile(file)?.toString() ?? '');
      host.close();
    }

    expect(saved).not.toHaveLength(0);
    expect(saved.join()).not.toContain(secret);
  });
});

/** Refusing is as good as doing the right thing. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    expect((error as Error).message).toContain('is a symbolic link');
  }
}
