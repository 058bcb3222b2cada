import type { CommitInfo, SourceTree } from '../model/revision.ts';

/** What a catalog is made from, noted while it is made. */
interface Notes {
  /** The same files. */
  readonly files: SourceTree;
  /** The same commit. */
  commit(info: CommitInfo): CommitInfo;
  /** Paths of the files that were read so far; undefined when the commit was looked at too: each one has a catalog of its own then. */
  reads(): readonly string[] | undefined;
}

/** Listing files, and passing on what their digests stand for, is no reading; `passOn` looks itself whether they have become encrypted. */
export function noteReads(files: SourceTree): Notes {
  const read = new Set<string>();
  let isCommitRead = false;
  const noted = (text: string): string => {
    isCommitRead = true;
    return text;
  };
  return {
    files: {
      list: (directory) => files.list(directory),
      read(path) {
        read.add(path);
        return files.read(path);
      },
      digest: (path) => files.digest(path),
      isEncrypted: (path) => files.isEncrypted(path),
    },
    commit: (info) => ({
      get id() {
        return noted(info.id);
      },
      get short() {
        return noted(info.short);
      },
      get author() {
        return noted(info.author);
      },
      get time() {
        return noted(info.time);
      },
    }),
    reads: () => (isCommitRead ? undefined : [...read]),
  };
}
