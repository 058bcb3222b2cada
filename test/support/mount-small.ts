import { spawnSync } from 'node:child_process';
import { temporaryDirectory } from './temporary-directory.ts';

/** A filesystem of its own, with options of `mount`; where there can be none, the test is skipped. */
export function mountSmall(options: string, skip: (reason: string) => never): Disposable & { readonly path: string } {
  if (process.getuid?.() !== 0) return skip('needs root to mount a small filesystem');
  const directory = temporaryDirectory();
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'small', directory.path], { encoding: 'utf8' });
  if (status !== 0) {
    directory[Symbol.dispose]();
    return skip(`cannot mount a small filesystem: ${stderr.trim()}`);
  }
  return {
    path: directory.path,
    [Symbol.dispose]() {
      spawnSync('umount', [directory.path]);
      directory[Symbol.dispose]();
    },
  };
}
