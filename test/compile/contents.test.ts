import { expect, it } from 'vitest';
import { createContents } from '../../src/compile/contents.ts';
import type { ContentRef } from '../../src/model/catalog.ts';
import { sha256 } from '../../src/model/json.ts';
import { memoryTree } from '../inventory/memory-tree.ts';

it('a file is not read to be named, and is read once it is wanted', () => {
  const tree = memoryTree({ 'roles/a/files/x': 'text' });
  const reads: string[] = [];
  const contents = createContents({ ...tree, read: (path) => (reads.push(path), tree.read(path)) });

  const ref = contents.addFile('roles/a/files/x') as ContentRef;

  expect(ref).toEqual({ sha256: sha256('text'), size: 4 });
  expect(reads).toEqual([]);
  expect(contents.read(ref).toString()).toBe('text');
  expect(reads).toEqual(['roles/a/files/x']);
});

it('a file that is not there has no name', () => {
  const contents = createContents(memoryTree({ 'roles/a/files/x': 'text' }));

  expect(contents.addFile('roles/a/files/y')).toBeUndefined();
});
