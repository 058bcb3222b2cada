import type { Mount } from './mounts.ts';

/** Absolute, as the host's own programs see it: `--root` is added inside the Host. */
export type AbsolutePath = string;
/** Never a shell string. */
export type Argv = readonly [command: string, ...rest: string[]];

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** Bounded; the end is kept when it was longer. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: AbsolutePath;
  /** Added to a fixed minimal environment; nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs as this user; needs root. */
  readonly user?: string;
  /** Milliseconds; 60,000 unless told. On expiry the process group is ended. */
  readonly timeout?: number;
  readonly stdin?: string | Uint8Array;
  /** How output becomes text: utf8 unless told; latin1 keeps every byte, one character each. */
  readonly encoding?: 'utf8' | 'latin1';
}

export interface PathStat {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky: 0o0000 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
}

/** A regular file as it stands. */
interface StandingFile {
  readonly stat: PathStat;
  readonly bytes: Buffer;
}

/**
 * What `inspect` may do: look. Files are read synchronously, because a converged run is thousands of `lstat` calls and
 * promises triple their cost (reference figures in src/decisions/0002).
 */
export interface HostReader {
  /** False under `--root DIR`: files only. Nothing is run, and kinds that need a live host say so. */
  readonly live: boolean;
  /** Whether owners can be set. Without root's rights they are reported, not set. */
  readonly privileged: boolean;
  /** Like lstat: a link is a link. Undefined when nothing is there, as below a file. Throws on any other error. */
  stat(path: AbsolutePath): PathStat | undefined;
  /** The bytes of a regular file; undefined when absent. Throws for links, devices and files over `limit` (64 MiB unless told). */
  readFile(path: AbsolutePath, limit?: number): Buffer | undefined;
  /**
   * The same with what `stat` says of it, both of one open file: asked one after the other, they can be of two, where somebody else
   * may write to a directory on the way. For what is written by what was read.
   */
  readStanding(path: AbsolutePath, limit?: number): StandingFile | undefined;
  /** What `parse`, always the same function, makes of a file's bytes: once, as long as the file has not moved. */
  parsed<T>(path: AbsolutePath, parse: (bytes: Buffer | undefined) => T): T;
  readLink(path: AbsolutePath): string | undefined;
  /** Names in a directory, sorted; undefined when absent or not a directory. */
  list(path: AbsolutePath): readonly string[] | undefined;
  /**
   * SHA-256 of a regular file; undefined when absent. Answers from the stat index where the file has not moved. What is too large to be
   * put back is not read: `171798692 bytes` is no digest of anything.
   */
  digest(path: AbsolutePath): string | undefined;
  /**
   * Why this process cannot make, replace or remove what stands at a path, or change nothing but its mode or who owns it, and where
   * that stops; undefined where it can. Missing directories count as what they would be made in. `by-program`: a program that may have
   * other rights does it, so that only what stops everybody counts.
   */
  unwritable(
    path: AbsolutePath,
    what: 'mode' | 'owner' | 'content' | 'by-program',
  ): { readonly where: AbsolutePath; readonly reason: string } | undefined;
  /** From the host's own passwd and group files; a numeric name is itself. */
  userId(name: string): number | undefined;
  groupId(name: string): number | undefined;
  userName(uid: number): string;
  groupName(gid: number): string;
  /** What is mounted at a path, so that nothing can replace or remove it. Looked up once; what stands on the way must be directories. */
  mountAt(path: AbsolutePath): Mount | undefined;
  /** Where the path really is on this machine, with `--root`; for programs that take a file argument. */
  realPath(path: AbsolutePath): string;
  /** The same for a library that opens the file itself and makes others beside it, with no more rights than are safe: as `usePath` says. */
  usePath<T>(path: AbsolutePath, use: (real: string) => T): { readonly result: T } | undefined;
  /** Runs a program that only reads. Rejects under `--root` (live is false). */
  query(argv: Argv, signal: AbortSignal, options?: CommandOptions): Promise<CommandResult>;
}

export interface FileAttributes {
  /** 0o0000 to 0o7777. */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Run on the staged file before it takes its name; `%s` is its path. A non-zero exit discards it and throws. */
  readonly validate?: Argv;
  /** The content holds a secret: what `validate` says of it is not shown. */
  readonly sensitive?: true;
}

export interface LinkOwner {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/**
 * What `apply` may do. Contents and targets of links are read through directories that nobody can swap meanwhile, since a run writes
 * what it has read: into a file that is edited, or when it is rolled back. Missing parent directories are made (0755), as `install -D` does. `writeFile`, `writeStream`, `link` and `remove` take effect in one group when the batch commits (staged beside the
 * target, durable, renamed); directories, modes and owners at once. A file or link can take the place of a directory that is removed in
 * the same group; the removal of what a directory takes the place of is done with it.
 */
export interface Host extends HostReader {
  writeFile(path: AbsolutePath, content: Uint8Array, attributes: FileAttributes): void;
  /** The same for what is too much to be held in memory. Nothing is staged when the chunks end with an error. */
  writeStream(path: AbsolutePath, chunks: AsyncIterable<Uint8Array>, attributes: FileAttributes): Promise<void>;
  /** Without an owner it is this user's. */
  link(path: AbsolutePath, target: string, owner?: LinkOwner): void;
  /** A file or link. No error when absent. */
  remove(path: AbsolutePath): void;
  makeDirectory(path: AbsolutePath, attributes: { readonly mode: number; readonly uid?: number; readonly gid?: number }): void;
  /** A directory if it is empty by then; no error when absent, not empty, or where something is mounted on it. */
  removeDirectory(path: AbsolutePath): void;
  setMode(path: AbsolutePath, mode: number): void;
  /** For directories. A file that changes hands is written afresh, since who had it may have it open; but for a database. */
  setOwner(path: AbsolutePath, uid: number, gid: number): void;
  run(argv: Argv, signal: AbortSignal, options?: CommandOptions): Promise<CommandResult>;
}
