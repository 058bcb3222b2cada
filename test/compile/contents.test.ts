import { expect, it } from 'vitest';
import { createContents } from '../../src/compile/contents.ts';
import { sha256 } from '../../src/model/json.ts';
import type { SourceFile } from '../../src/model/revision.ts';

/** One file below `roles/`, and how often it was read. */
function openOneFile(known: Pick<SourceFile, 'sha256'>) {
  const file = { path: 'roles/a/files/x', executable: false, size: 4, ...known };
  let reads = 0;
  const files = {
    list: (directory: string) => (directory === 'roles' ? [file] : []),
    read: (path: string) => (path === file.path ? ((reads += 1), Buffer.from('text')) : undefined),
  };
  return { contents: createContents(files), reads: () => reads };
}

it('a file whose digest is known is not read to be named, and is read once it is wanted', () => {
  const { contents, reads } = openOneFile({ sha256: sha256('text') });

  const ref = contents.addFile('roles/a/files/x');

  expect(ref).toEqual({ sha256: sha256('text'), size: 4 });
  expect(reads()).toBe(0);
  expect(contents.read(ref!).toString()).toBe('text');
  expect(reads()).toBe(1);
});

it('a file whose digest is not known is read and gets the same name', () => {
  const { contents, reads } = openOneFile({});

  expect(contents.addFile('roles/a/files/x')).toEqual({ sha256: sha256('text'), size: 4 });
  expect(reads()).toBe(1);
});

it('a file that is not there has no name', () => {
  const { contents } = openOneFile({ sha256: sha256('text') });

  expect(contents.addFile('roles/a/files/y')).toBeUndefined();
});
