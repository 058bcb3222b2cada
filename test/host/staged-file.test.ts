import { execFileSync } from 'node:child_process';
import { chownSync, linkSync, lstatSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { SafeDirectories } from '../../src/host/safe-directories.ts';
import { Staging } from '../../src/host/staging.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const { signal } = new AbortController();
const isRoot = process.geteuid?.() === 0;

/** What the owner of a directory can put in the place of a file that root has just written there. */
const swaps: readonly { readonly what: string; readonly swap: (staged: string) => void }[] = [
  {
    what: 'bytes of their own',
    swap(staged) {
      writeFileSync(`${staged}.theirs`, 'theirs');
      renameSync(`${staged}.theirs`, staged);
    },
  },
  {
    what: 'bytes of their own, in the place on the disk that has just become free',
    swap(staged) {
      rmSync(staged);
      writeFileSync(staged, 'theirs');
      if (isRoot) chownSync(staged, 65534, 65534);
    },
  },
  {
    what: 'a fifo',
    swap(staged) {
      rmSync(staged);
      execFileSync('mkfifo', [staged]);
    },
  },
  {
    what: 'a link',
    swap(staged) {
      rmSync(staged);
      symlinkSync('/etc/passwd', staged);
    },
  },
  { what: 'a second name', swap: (staged) => linkSync(staged, `${staged}.theirs`) },
  { what: 'nothing', swap: (staged) => rmSync(staged) },
];

describe.each(swaps)('a staged file that is replaced by $what', ({ swap }) => {
  // Many are made durable without opening them one by one.
  it.each([1, 100])('gets neither owner nor name (one of %i)', async (count) => {
    using directory = temporaryDirectory();
    const host = openLocalHost({ root: directory.path });
    host.writeFile('/program', Buffer.from('ours'), { mode: 0o4755 });
    const staged = stagedIn(directory.path);
    for (let other = 1; other < count; other++) host.writeFile(`/other-${other}`, Buffer.from(''), { mode: 0o644 });

    swap(staged);

    await expect(host.commit(signal)).rejects.toThrow('/program: somebody who may write in its directory has replaced');
    expect(readdirSync(directory.path)).not.toContain('program');
    expect((lstatSync(staged, { throwIfNoEntry: false })?.mode ?? 0) & 0o4000).toBe(0);
    host.close();
  });

  it('is not read as if it were ours', () => {
    using directory = temporaryDirectory();
    const host = openLocalHost({ root: directory.path });
    host.writeFile('/keys', Buffer.from('ours'), { mode: 0o600 });

    swap(stagedIn(directory.path));

    expect(() => host.readFile('/keys')).toThrow('/keys: somebody');
    expect(() => host.digest('/keys')).toThrow('/keys: somebody');
    host.close();
  });
});

const stagedIn = (directory: string): string =>
  join(directory, readdirSync(directory).find((name) => name.startsWith('.agent-')) ?? '');

it('a staged file that is replaced right before it gets its name is no success', async () => {
  using directory = temporaryDirectory();
  const directories = new SafeDirectories(directory.path);
  const staging = new Staging(directories, false);
  let swap = (): void => undefined;
  staging.writeFile('/program', Buffer.from('ours'), {
    // Asked for when the file has been opened, and before the rename.
    get mode() {
      swap();
      return 0o4755;
    },
  });
  const staged = stagedIn(directory.path);
  swap = () => {
    writeFileSync(`${staged}.theirs`, 'theirs');
    renameSync(`${staged}.theirs`, staged);
  };

  await expect(staging.commit(signal)).rejects.toThrow('/program: somebody who may write in its directory has replaced');
  directories.close();
});
