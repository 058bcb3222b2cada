import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
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
