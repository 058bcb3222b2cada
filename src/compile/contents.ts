import type { ContentRef, Contents } from '../model/catalog.ts';
import { sha256 } from '../model/json.ts';
import { Secret } from '../model/secret.ts';
import type { SourceTree } from '../model/revision.ts';

/** Bytes of rendered text that one catalog may hold. */
const mostText = 96 * 1024 * 1024;

export interface ContentStore extends Contents {
  /** Undefined when the catalog holds too much text already. */
  addText(text: string | Secret): ContentRef | undefined;
  /** Undefined when there is no such file. Only its digest is kept; of a Git LFS pointer not even that. */
  addFile(path: string): ContentRef | 'pointer' | undefined;
}

/** Rendered texts are kept in memory; files of the repository are read again when they are needed, and must not have changed. */
export function createContents(files: SourceTree): ContentStore {
  const texts = new Map<string, Buffer>();
  const paths = new Map<string, string>();
  const refs = new Map<string, ContentRef>();
  let held = 0;
  return {
    addText(text) {
      const bytes = Buffer.from(text instanceof Secret ? text.reveal() : text);
      const digest = sha256(bytes);
      if (!texts.has(digest)) {
        held += bytes.length;
        if (held > mostText) return undefined;
        texts.set(digest, bytes);
      }
      return { sha256: digest, size: bytes.length, ...(text instanceof Secret && { sensitive: true as const }) };
    },
    addFile(path) {
      const known = refs.get(path);
      if (known) return known;
      const ref = files.digest(path);
      if (!ref) return undefined;
      if (ref.isPointer) return 'pointer';
      refs.set(path, ref);
      if (!paths.has(ref.sha256)) paths.set(ref.sha256, path);
      return ref;
    },
    places: () => ({
      files: Object.fromEntries(paths),
      texts: Object.fromEntries([...texts].map(([digest, bytes]) => [digest, bytes.toString('base64')])),
    }),
    read(ref) {
      const text = texts.get(ref.sha256);
      if (text) return text;
      const path = paths.get(ref.sha256);
      if (path === undefined) throw new Error(`no content ${ref.sha256}`);
      const bytes = files.read(path);
      // The size tells most; verification compares the digest of what was written anyway.
      if (bytes?.length === ref.size) return bytes;
      throw new Error(`${path} has changed since it was compiled`);
    },
  };
}
