import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { SafeDirectories } from '../../src/host/safe-directories.ts';
import { makeRepository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const { signal } = new AbortController();

it('a directory that was removed and made again takes files, also in the group that removes it', async () => {
  using root = temporaryDirectory();
  const host = openLocalHost({ root: root.path });
  try {
    host.writeFile('/a/b/file', Buffer.from('first'), { mode: 0o644 });
    await host.commit(signal);
    host.remove('/a/b/file');
    host.removeDirectory('/a/b');
    host.removeDirectory('/a');
    await host.commit(signal);

    host.writeFile('/a/b/file', Buffer.from('second'), { mode: 0o644 });
    await host.commit(signal);

    expect(readFileSync(join(root.path, 'a/b/file'), 'utf8')).toBe('second');
  } finally {
    host.close();
  }
});

it('a group may span more directories than are kept open, where others may write on the way to them', async () => {
  using root = temporaryDirectory();
  mkdirSync(join(root.path, 'open'));
  chmodSync(join(root.path, 'open'), 0o1777);
  const host = openLocalHost({ root: root.path });
  const paths = Array.from({ length: 600 }, (_, index) => `/open/${index}/file`);
  try {
    for (const path of paths) host.writeFile(path, Buffer.from(path), { mode: 0o644 });
    await host.commit(signal);

    for (const path of paths) expect(readFileSync(root.path + path, 'utf8')).toBe(path);
  } finally {
    host.close();
  }
});

it('a directory that a program of the run has removed is made again for what comes next', async () => {
  using place = temporaryDirectory();
  const host = openLocalHost({});
  const directory = join(place.path, 'made/here');
  try {
    host.writeFile(`${directory}/first`, Buffer.from(''), { mode: 0o644 });
    await host.commit(signal);
    await host.run(['rm', '-rf', join(place.path, 'made')], signal);
    host.writeFile(`${directory}/second`, Buffer.from(''), { mode: 0o644 });
    await host.commit(signal);

    expect(existsSync(`${directory}/second`)).toBe(true);
  } finally {
    host.close();
  }
});

it('a directory that was just asked for stays open, however many there are', () => {
  using root = temporaryDirectory();
  const directories = new SafeDirectories(root.path);
  const names = Array.from({ length: 256 }, (_, index) => `/${index}`);
  for (const name of names) mkdirSync(root.path + name);
  for (const name of names.slice(0, -1)) directories.located(name);

  const first = directories.located('/0');
  directories.located(names.at(-1)!);

  expect(statSync(first).ino).toBe(statSync(join(root.path, '0')).ino);
  directories.close();
});

it('a tree of more directories than files may be open is applied', () => {
  const files = Array.from({ length: 100 }, (_, index) => [`desired-state/files/a/${index}/f`, 'x\n']);
  using repository = makeRepository('- { kind: tree, path: /srv/a, source: a }', Object.fromEntries(files));
  const words = [process.execPath, program, '--source', repository.path, '--host', 'box', '--root', repository.root];
  const limited = (): number | null => spawnSync('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...words]).status;

  expect(limited()).toBe(0);
  expect(readFileSync(join(repository.root, 'srv/a/99/f'), 'utf8')).toBe('x\n');
});
