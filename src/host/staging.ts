import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { lastLines } from '../model/last-lines.ts';
import type { AbsolutePath, Argv, FileAttributes } from './host.ts';
import { makeDurable } from './make-durable.ts';
import { about } from './path-error.ts';
import type { SafeDirectories } from './safe-directories.ts';

/** Names of staged files. No consumer's glob matches them, and recovery finds them by it. */
export const stagedName = /^\.agent-[0-9a-f]{16}$/;

type Staged =
  | {
      readonly kind: 'file';
      readonly temporary: string;
      readonly size: number;
      readonly attributes: FileAttributes;
    }
  | { readonly kind: 'link'; readonly temporary: string; readonly target: string }
  | { readonly kind: 'remove'; readonly call: 'unlink' | 'rmdir' };

/**
 * Writes that wait for their group: each file stands complete beside its target, 0600 and under a name of its own, until
 * `commit` makes all of them durable, sets owner and mode, and renames them in the order in which they were staged.
 */
export class Staging {
  /** When the last group was done with changing things, also by other means, on the clock of `performance.now()`. */
  changed = -Infinity;
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

  async writeStream(path: AbsolutePath, chunks: AsyncIterable<Uint8Array>, attributes: FileAttributes): Promise<void> {
    this.#target(path);
    const temporary = this.#newName();
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const descriptor = openSync(this.stagedFile(path, temporary), flags, 0o600);
    let size = 0;
    try {
      for await (const chunk of chunks) {
        for (let offset = 0; offset < chunk.length;) offset += writeSync(descriptor, chunk, offset);
        size += chunk.length;
      }
    } catch (error) {
      unlinkSync(this.stagedFile(path, temporary));
      throw error;
    } finally {
      closeSync(descriptor);
    }
    this.#replace(path, { kind: 'file', temporary, size, attributes });
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
    // What a program or a database did in this group has been done by now.
    this.changed = performance.now();
    if (this.#staged.size === 0 && this.#touched.size === 0) return;
    await this.#makeFilesDurable(signal);
    for (const [path, staged] of this.#staged)
      if (staged.kind === 'file' && staged.attributes.validate)
        await this.#validate(path, staged.temporary, staged.attributes.validate, staged.attributes.sensitive === true, signal);
    signal.throwIfAborted();
    for (const [path, staged] of this.#staged) {
      about(path, () => this.#giveName(path, staged));
      this.#touched.add(dirname(path));
      this.#staged.delete(path);
    }
    this.changed = performance.now();
    const directories = [...this.#touched];
    this.#touched.clear();
    // Through /proc a directory is a link, to a descriptor that is known.
    const located = directories.map((path) => ({ path, size: 0, locate: () => this.#directories.located(path) }));
    await makeDurable(located, constants.O_DIRECTORY, signal);
  }

  /** What cannot be removed stays, under a name by which recovery finds it. */
  discard(): void {
    for (const [path, staged] of this.#staged) {
      this.#staged.delete(path);
      if (staged.kind !== 'remove')
        try {
          unlinkSync(this.stagedFile(path, staged.temporary));
        } catch {
          // The rollback that follows looks for it, and says why it cannot be removed.
        }
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

  async #makeFilesDurable(signal: AbortSignal): Promise<void> {
    const files = [...this.#staged].flatMap(([path, staged]) =>
      staged.kind === 'file' ? [{ path, size: staged.size, locate: () => this.stagedFile(path, staged.temporary) }] : [],
    );
    await makeDurable(files, constants.O_NOFOLLOW, signal);
  }

  async #validate(path: AbsolutePath, temporary: string, argv: Argv, sensitive: boolean, signal: AbortSignal): Promise<void> {
    if (!this.#live) return;
    const { runCommand } = await import('./run-command.ts');
    const staged = `${dirname(path).replace(/\/$/, '')}/${temporary}`;
    const [command, ...rest] = argv.map((word) => word.replaceAll('%s', staged));
    const { exitCode, timedOut, stderr, stdout } = await runCommand([command as string, ...rest], {}, signal);
    if (exitCode === 0) return;
    const said = sensitive ? 'what it says may hold a secret and is not shown' : lastLines(stderr.trim() || stdout);
    throw new Error(`validation of ${path} failed (${argv[0]} ${timedOut ? 'timed out' : `exit ${exitCode}`}): ${said}`);
  }

  #giveName(path: AbsolutePath, staged: Staged): void {
    if (staged.kind === 'remove') return this.#removeNow(path, staged.call);
    const target = this.#target(path);
    const temporary = this.#directories.child(dirname(path), staged.temporary);
    if (staged.kind === 'file') giveAttributes(temporary, staged.attributes);
    renameSync(temporary, target);
  }

  #removeNow(path: AbsolutePath, call: 'unlink' | 'rmdir'): void {
    try {
      if (call === 'unlink') return unlinkSync(this.#target(path));
      rmdirSync(this.#target(path));
      // Whoever makes it again makes another directory.
      this.#directories.forget(path);
      this.#touched.delete(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && !(call === 'rmdir' && code === 'ENOTEMPTY')) throw error;
    }
  }
}

/** Right before the rename: until then the file is nobody's business. The directory's fsync makes it durable. */
function giveAttributes(temporary: string, { mode, uid = -1, gid = -1 }: FileAttributes): void {
  const descriptor = openSync(temporary, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (uid !== -1 || gid !== -1) fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}
