import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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

it('names that climb are refused', () => {
  using directory = temporaryDirectory();
  const host = openLocalHost({ root: directory.path });

  expect(() => host.writeFile('/..', text('x'), { mode: 0o644 })).toThrow('not a file name');
  host.close();
});
