import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
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
