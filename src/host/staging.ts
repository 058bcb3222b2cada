import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import type { AbsolutePath, Argv, FileAttributes } from './host.ts';
import type { SafeDirectories } from './safe-directories.ts';

/** Names of staged files. No consumer's glob matches them, and recovery finds them by it. */
export const stagedName = /^\.agent-[0-9a-f]{16}$/;

type Staged =
  | { readonly kind: 'file'; readonly temporary: string; readonly size: number; readonly attributes: FileAttributes }
  | { readonly kind: 'link'; readonly temporary: string; readonly target: string }
  | { readonly kind: 'remove'; readonly call: 'unlink' | 'rmdir' };

/** How many fsync calls are in flight at once; they share the filesystem's journal commits. */
const syncWidth = 32;

/**
 * Writes that wait for their group: each file stands complete beside its target, 0600 and under a name of its own, until
 * `commit` makes all of them durable, sets owner and mode, and renames them in the order in which they were staged.
 */
export class Staging {
  readonly #directories: SafeDirectories;
  readonly #live: boolean;
  readonly #staged = new Map<AbsolutePath, Staged>();
  readonly #touched = new Set<string>();

  /** Nobody can guess the names, and asking for chance once is enough. */
  readonly #prefix = randomBytes(5).toString('hex');
  #count = 0;

  constructor(directories: SafeDirectories, live: boolean) {
    this.#directories = directories;
    this.#live = live;
  }

  find(path: AbsolutePath): Staged | undefined {
    return this.#staged.get(path);
  }

  /** Where the staged bytes stand. */
  stagedFile(path: AbsolutePath, temporary: string): string {
    return this.#directories.child(dirname(path), temporary);
  }

  touchedDirectory(path: string): void {
    this.#touched.add(path);
  }

  writeFile(path: AbsolutePath, content: Uint8Array, attributes: FileAttributes): void {
    this.#target(path);
    const temporary = this.#newName();
    const real = this.#directories.child(dirname(path), temporary);
    const descriptor = openSync(real, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      for (let offset = 0; offset < content.length;) offset += writeSync(descriptor, content, offset);
    } catch (error) {
      unlinkSync(real);
      throw error;
    } finally {
      closeSync(descriptor);
    }
    this.#replace(path, { kind: 'file', temporary, size: content.length, attributes });
  }

  link(path: AbsolutePath, target: string): void {
    this.#target(path);
    const temporary = this.#newName();
    symlinkSync(target, this.#directories.child(dirname(path), temporary));
    this.#replace(path, { kind: 'link', temporary, target });
  }

  remove(path: AbsolutePath, call: 'unlink' | 'rmdir'): void {
    this.#replace(path, { kind: 'remove', call });
  }

  async commit(signal: AbortSignal): Promise<void> {
    if (this.#staged.size === 0 && this.#touched.size === 0) return;
    await this.#makeFilesDurable();
    for (const [path, staged] of this.#staged)
      if (staged.kind === 'file' && staged.attributes.validate)
        await this.#validate(path, staged.temporary, staged.attributes.validate, signal);
    signal.throwIfAborted();
    for (const [path, staged] of this.#staged) {
      this.#giveName(path, staged);
      this.#touched.add(dirname(path));
      this.#staged.delete(path);
    }
    const directories = [...this.#touched];
    this.#touched.clear();
    await inParallel(directories, async (directory) => {
      const descriptor = this.#directories.open(directory);
      try {
        await syncDescriptor(descriptor);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  discard(): void {
    for (const [path, staged] of this.#staged) {
      this.#staged.delete(path);
      if (staged.kind !== 'remove') unlinkSync(this.#directories.child(dirname(path), staged.temporary));
    }
  }

  #newName(): string {
    return `.agent-${this.#prefix}${(this.#count++).toString(16).padStart(6, '0')}`;
  }

  /** Throws for a name that is none, and for a directory that must not be used. */
  #target(path: AbsolutePath): string {
    return this.#directories.child(dirname(path), basename(path));
  }

  #replace(path: AbsolutePath, staged: Staged): void {
    const earlier = this.#staged.get(path);
    if (earlier && earlier.kind !== 'remove') unlinkSync(this.#directories.child(dirname(path), earlier.temporary));
    // Deleted first, so that the order of the map is the order of the last call.
    this.#staged.delete(path);
    this.#staged.set(path, staged);
  }

  async #makeFilesDurable(): Promise<void> {
    const files = [...this.#staged].filter(([, staged]) => staged.kind === 'file');
    await inParallel(files, async ([path, staged]) => {
      if (staged.kind !== 'file') return;
      const { mode, uid, gid } = staged.attributes;
      const real = this.#directories.child(dirname(path), staged.temporary);
      const descriptor = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        if ((uid ?? -1) !== -1 || (gid ?? -1) !== -1) fchownSync(descriptor, uid ?? -1, gid ?? -1);
        fchmodSync(descriptor, mode);
        await syncDescriptor(descriptor);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  async #validate(path: AbsolutePath, temporary: string, argv: Argv, signal: AbortSignal): Promise<void> {
    if (!this.#live) return;
    const { runCommand } = await import('./run-command.ts');
    const staged = `${dirname(path).replace(/\/$/, '')}/${temporary}`;
    const [command, ...rest] = argv.map((word) => word.replaceAll('%s', staged));
    const { exitCode, timedOut, stderr, stdout } = await runCommand([command as string, ...rest], {}, signal);
    if (exitCode === 0) return;
    const said = (stderr || stdout).trim().split('\n').slice(-5).join('\n');
    throw new Error(`validation of ${path} failed (${argv[0]} ${timedOut ? 'timed out' : `exit ${exitCode}`}): ${said}`);
  }

  #giveName(path: AbsolutePath, staged: Staged): void {
    const target = this.#target(path);
    if (staged.kind !== 'remove') renameSync(this.#directories.child(dirname(path), staged.temporary), target);
    else
      try {
        if (staged.call === 'unlink') unlinkSync(target);
        else rmdirSync(target);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOENT' && !(staged.call === 'rmdir' && code === 'ENOTEMPTY')) throw error;
      }
  }
}

const syncDescriptor = (descriptor: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fsync(descriptor, (error) => (error ? reject(error) : resolve()));
  });

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await act(item);
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(syncWidth, items.length) }, worker));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
