import type { WithProblems } from './located.ts';

/** A file of the configuration repository. */
export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
}

/** The files of one revision: a working tree now, git objects later. Only regular files; everything else is refused. */
export interface SourceTree {
  /** Regular files below a directory, sorted by path; empty when there is no such directory. */
  list(directory: string): readonly SourceFile[];
  /** Undefined when there is no such file. */
  read(path: string): Buffer | undefined;
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
}

/** Which state of the repository is being applied. `problems`: what stands in it and cannot be part of it. */
export interface Revision extends WithProblems {
  /** Commit id, or null outside git. */
  readonly commit: string | null;
  /** Branch name where there is one. */
  readonly branch: string | null;
  /** True for a working tree, whose uncommitted changes are included. */
  readonly workingTree: boolean;
  /** Digest of everything the sources consist of; equal keys mean equal sources. */
  readonly key: string;
  readonly files: SourceTree;
  /** Directory of the repository on this machine. */
  readonly root: string;
  /** Every file and directory (with a trailing `/`) that the sources are or may be in, as it was when they were listed. */
  readonly watched: ReadonlyMap<string, PathSignature | undefined>;
}
