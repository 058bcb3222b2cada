import type { WithProblems } from './located.ts';

/** A file of the configuration repository. */
export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
}

/** The files of one revision: a working tree, or what is kept of a commit. Only regular files; everything else is refused. */
export interface SourceTree {
  /** Regular files below a directory, sorted by path; empty when there is no such directory. */
  list(directory: string): readonly SourceFile[];
  /** Undefined when there is no such file. */
  read(path: string): Buffer | undefined;
  /** What `read` would give, without keeping it; in a working tree it may be the pointer of Git LFS to it. */
  digest(path: string): (Digested & { readonly isPointer?: true }) | undefined;
  /** Whether ansible-vault has encrypted the file as a whole: its first bytes are looked at. */
  isEncrypted(path: string): boolean;
}

/** What tells whether a path was written since: Node's `BigIntStats` has it. */
export interface PathSignature {
  readonly mode: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly nlink: bigint;
}

/** Where a configuration repository stands. */
export interface Head {
  /** Commit id, or null outside git. */
  readonly commit: string | null;
  /** Branch name where there is one. */
  readonly branch: string | null;
}

/** The full id of a commit, by SHA-1 or SHA-256. */
export const isCommitId = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text);

/** What a run takes its sources from. Asking for the head costs nearly nothing; opening lists every file. */
export interface Source {
  /** Equal identities and equal keys of revisions mean equal files. */
  readonly identity: string;
  /** True for a working tree, whose uncommitted changes are included. */
  readonly workingTree: boolean;
  head(): Head;
  open(): Revision;
  /** The revision that is known to have this key: nothing is listed, files are read where they are. */
  reopen(key: string): Revision;
}

/** What templates see as `revision`. */
export interface CommitInfo {
  readonly id: string;
  readonly short: string;
  readonly author: string;
  /** ISO 8601. */
  readonly time: string;
}

/** A commit, for people. */
export interface CommitNote {
  readonly id: string;
  readonly author: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly subject: string;
}

/** A file of which nothing but the bytes differs between two revisions. Before and after: by digest, with the size. */
export interface ContentChange {
  readonly path: string;
  readonly before: Digested;
  readonly after: Digested;
}

interface Digested {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Which state of the repository is being applied. `problems`: what stands in it and cannot be part of it. */
export interface Revision extends Head, WithProblems {
  /** True for a working tree, whose uncommitted changes are included. */
  readonly workingTree: boolean;
  /** Digest of everything the sources consist of; equal keys mean equal sources. */
  readonly key: string;
  readonly files: SourceTree;
  /** Directory of the repository on this machine: the working tree, or for a commit the bare mirror, which may be gone. */
  readonly root: string;
  /** Where it is known without asking git. */
  readonly commitInfo?: CommitInfo;
  /**
   * What differs from the revision with another key. Undefined where that cannot be told: it is not kept, files came or went, or
   * bytes that changed stood in two of its files.
   */
  changesSince?(key: string): readonly ContentChange[] | undefined;
  /** Every file and directory (with a trailing `/`) that the sources are or may be in, as it was when they were listed. */
  readonly watched: ReadonlyMap<string, PathSignature | undefined>;
}
