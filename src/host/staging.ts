import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { howItEnded } from '../model/how-it-ended.ts';
import { lastLines } from '../model/last-lines.ts';
import { monotonic } from '../model/monotonic.ts';
import type { AbsolutePath, Argv, FileAttributes, LinkOwner } from './host.ts';
import { makeDurable } from './make-durable.ts';
import { giveLink } from './give-link.ts';
import { about, PathError } from './path-error.ts';
import type { SafeDirectories } from './safe-directories.ts';
import { assertNamed, createStaged, identityOf, openStaged, type StagedIdentity } from './staged-file.ts';

interface StagedFile {
  readonly kind: 'file';
  readonly temporary: string;
  readonly identity: StagedIdentity;
  readonly size: number;
  readonly attributes: FileAttributes;
  readonly replacesDirectory?: true;
}

interface StagedLink {
  readonly kind: 'link';
  readonly temporary: string;
  readonly target: string;
  readonly owner: LinkOwner;
  readonly replacesDirectory?: true;
}

export type Staged = StagedFile | StagedLink | { readonly kind: 'remove'; readonly call: 'unlink' | 'rmdir' };

/**
 * Writes that wait for their group: each file stands complete beside its target, 0600 and under a name of its own, until
 * `commit` makes all of them durable, sets owner and mode, and renames them in the order in which they were staged.
 */
export class Staging {
  /** When the last group was done with changing things, also by other means, on the clock of `monotonic`. */
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

  /** The bytes that stand beside a path. */
  read(path: AbsolutePath, { temporary, identity }: StagedFile): Buffer {
    return about(path, () => {
      const descriptor = openStaged(this.#stagedPath(path, temporary), identity);
      try {
        return readFileSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  touchedDirectory(path: string): void {
    this.#touched.add(path);
  }

  writeFile(path: AbsolutePath, content: Uint8Array, attributes: FileAttributes): void {
    this.#target(path);
    const temporary = this.#newName();
    const real = this.#stagedPath(path, temporary);
    const descriptor = createStaged(real);
    let identity: StagedIdentity;
    try {
      writeFileSync(descriptor, content);
      identity = identityOf(descriptor);
    } catch (error) {
      unlinkSync(real);
      throw error;
    } finally {
      closeSync(descriptor);
    }
    this.#replace(path, { kind: 'file', temporary, identity, size: content.length, attributes });
  }

  async writeStream(path: AbsolutePath, chunks: AsyncIterable<Uint8Array>, attributes: FileAttributes): Promise<void> {
    this.#target(path);
    const temporary = this.#newName();
    const descriptor = createStaged(this.#stagedPath(path, temporary));
    let size = 0;
    let identity: StagedIdentity;
    try {
      for await (const chunk of chunks) {
        writeFileSync(descriptor, chunk);
        size += chunk.length;
      }
      identity = identityOf(descriptor);
    } catch (error) {
      unlinkSync(this.#stagedPath(path, temporary));
      throw error;
    } finally {
      closeSync(descriptor);
    }
    this.#replace(path, { kind: 'file', temporary, identity, size, attributes });
  }

  link(path: AbsolutePath, target: string, owner: LinkOwner): void {
    this.#target(path);
    const temporary = this.#newName();
    const real = this.#stagedPath(path, temporary);
    symlinkSync(target, real);
    try {
      giveLink(real, owner);
    } catch (error) {
      unlinkSync(real);
      throw error;
    }
    this.#replace(path, { kind: 'link', temporary, target, owner });
  }

  remove(path: AbsolutePath, call: 'unlink' | 'rmdir'): void {
    this.#replace(path, { kind: 'remove', call });
  }

  /** Does a removal that waits for its group, if there is one: what comes in its place does not wait. */
  removeNow(path: AbsolutePath): void {
    const staged = this.#staged.get(path);
    if (staged?.kind !== 'remove') return;
    this.#giveName(path, staged);
    this.#staged.delete(path);
  }

  async commit(signal: AbortSignal): Promise<void> {
    // What a program or a database did in this group has been done by now.
    this.changed = monotonic();
    if (this.#staged.size === 0 && this.#touched.size === 0) return;
    await this.#makeFilesDurable(signal);
    for (const [path, staged] of this.#staged)
      if (staged.kind === 'file' && staged.attributes.validate)
        await this.#validate(path, staged.temporary, staged.attributes.validate, staged.attributes.sensitive === true, signal);
    signal.throwIfAborted();
    for (const [path, staged] of this.#staged) {
      about(path, () => this.#giveName(path, staged));
      this.#staged.delete(path);
    }
    this.changed = monotonic();
    const directories = [...this.#touched];
    this.#touched.clear();
    // Through /proc a directory is a link, to a descriptor that is known.
    const flags = constants.O_RDONLY | constants.O_DIRECTORY;
    const open = (path: AbsolutePath): number => openSync(this.#directories.located(path), flags);
    const items = directories.map((path) => ({ path, size: 0, directory: path, open: () => open(path) }));
    await makeDurable(items, (directory) => this.#directories.located(directory), signal);
  }

  /** What cannot be removed stays, under a name by which recovery finds it. */
  discard(): void {
    for (const [path, staged] of this.#staged) {
      this.#staged.delete(path);
      if (staged.kind !== 'remove')
        try {
          unlinkSync(this.#stagedPath(path, staged.temporary));
        } catch {
          // The rollback that follows looks for it, and says why it cannot be removed.
        }
    }
  }

  #stagedPath(path: AbsolutePath, temporary: string): string {
    return this.#directories.child(dirname(path), temporary);
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
    if (earlier && earlier.kind !== 'remove') unlinkSync(this.#stagedPath(path, earlier.temporary));
    const isForDirectory = earlier?.kind === 'remove' ? earlier.call === 'rmdir' : earlier?.replacesDirectory === true;
    // Deleted first, so that the order of the map is the order of the last call.
    this.#staged.delete(path);
    this.#staged.set(path, isForDirectory && staged.kind !== 'remove' ? { ...staged, replacesDirectory: true } : staged);
  }

  async #makeFilesDurable(signal: AbortSignal): Promise<void> {
    const files = [...this.#staged].flatMap(([path, staged]) => {
      if (staged.kind !== 'file') return [];
      const { size, temporary, identity } = staged;
      return [{ path, size, directory: dirname(path), open: () => openStaged(this.#stagedPath(path, temporary), identity) }];
    });
    await makeDurable(files, (directory) => this.#directories.located(directory), signal);
  }

  async #validate(path: AbsolutePath, temporary: string, argv: Argv, sensitive: boolean, signal: AbortSignal): Promise<void> {
    if (!this.#live) return;
    const { runCommand } = await import('./run-command.ts');
    const staged = `${dirname(path).replace(/\/$/, '')}/${temporary}`;
    const [command, ...rest] = argv.map((word) => word.replaceAll('%s', staged));
    const result = await runCommand([command as string, ...rest], {}, signal);
    const { exitCode, stderr, stdout } = result;
    if (exitCode === 0) return;
    const said = sensitive ? 'what it says may hold a secret and is not shown' : lastLines(stderr.trim() || stdout);
    throw new PathError(path, new Error(`validation failed (${argv[0]} ${howItEnded(result)}): ${said}`));
  }

  #giveName(path: AbsolutePath, staged: Staged): void {
    if (staged.kind !== 'remove') this.#rename(path, staged);
    else if (!this.#remove(path, staged.call)) return;
    this.#touched.add(dirname(path));
  }

  #rename(path: AbsolutePath, staged: StagedFile | StagedLink): void {
    const target = this.#target(path);
    const temporary = this.#stagedPath(path, staged.temporary);
    if (staged.replacesDirectory) this.#removeDirectory(path);
    if (staged.kind === 'link') return renameSync(temporary, target);
    const descriptor = openStaged(temporary, staged.identity);
    try {
      giveAttributes(descriptor, staged.attributes);
      renameSync(temporary, target);
      assertNamed(target, staged.identity);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Whether it stood in a directory that is there; what a killed run has removed is not durable yet. */
  #remove(path: AbsolutePath, call: 'unlink' | 'rmdir'): boolean {
    try {
      if (call === 'unlink') unlinkSync(this.#target(path));
      else this.#removeDirectory(path);
      return true;
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      // A directory in which something is mounted is not empty, whatever that holds.
      const isInUse = call === 'rmdir' && (code === 'ENOTEMPTY' || code === 'EBUSY');
      if (code !== 'ENOENT' && !isInUse) throw error;
      return syscall === call;
    }
  }

  #removeDirectory(path: AbsolutePath): void {
    rmdirSync(this.#target(path));
    // Whoever makes it again makes another directory.
    this.#directories.forget(path);
    this.#touched.delete(path);
  }
}

/** Right before the rename: until then the file is nobody's business. The directory's fsync makes it durable. */
function giveAttributes(descriptor: number, { mode, uid = -1, gid = -1 }: FileAttributes): void {
  if (uid !== -1 || gid !== -1) fchownSync(descriptor, uid, gid);
  fchmodSync(descriptor, mode);
}
