import { sha256 } from '../../src/model/json.ts';
import type { SourceTree } from '../../src/model/revision.ts';
import { isEncrypted } from '../../src/model/vault-header.ts';

/** A repository that consists of these files. */
export function memoryTree(files: { readonly [path: string]: string | Uint8Array }): SourceTree {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content as string)] as const));
  return {
    list: (directory) =>
      [...contents]
        .filter(([path]) => path.startsWith(`${directory}/`))
        .map(([path, bytes]) => ({ path, executable: false, size: bytes.length }))
        .sort((a, b) => (a.path < b.path ? -1 : 1)),
    read: (path) => contents.get(path),
    digest(path) {
      const bytes = contents.get(path);
      return bytes && { sha256: sha256(bytes), size: bytes.length };
    },
    isEncrypted: (path) => isEncrypted(contents.get(path) ?? Buffer.alloc(0)),
  };
}

/** The same files below `inventory/`. */
export const inventoryTree = (files: { readonly [path: string]: string }): SourceTree =>
  memoryTree(Object.fromEntries(Object.entries(files).map(([path, text]) => [`inventory/${path}`, text])));
