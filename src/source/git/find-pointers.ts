import { closeSync, openSync, readSync } from 'node:fs';
import { lfsPointer } from '../../model/lfs-pointer.ts';
import type { Problem } from '../../model/problem.ts';
import type { KeptFile } from './revision-store.ts';

/** What resources are made from; elsewhere a pointer does no harm. */
const delivered = /^(?:desired-state|roles\/[^/]+)\/(?:files|templates)\//;

/** Of files that are in this segment those which Git LFS keeps elsewhere: their pointers would come onto every host in their place. */
export function findPointers(segment: string, files: readonly KeptFile[]): readonly Problem[] {
  const small = files.filter(({ path, size }) => size <= lfsPointer.largest && delivered.test(path));
  if (small.length === 0) return [];
  const bytes = Buffer.alloc(lfsPointer.largest);
  const descriptor = openSync(segment, 'r');
  try {
    return small
      .filter(({ offset, size }) =>
        lfsPointer.form.test(bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, size, offset))),
      )
      .map(({ path }) => ({
        code: 'not-a-file',
        message: 'a Git LFS pointer; the file itself is not in the repository',
        at: { file: path, line: 1, column: 1 },
        hint: lfsPointer.hint,
      }));
  } finally {
    closeSync(descriptor);
  }
}
