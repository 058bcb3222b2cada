import { closeSync, constants, existsSync, fstatSync, openSync, readlinkSync } from 'node:fs';
import { basename, resolve } from 'node:path/posix';
import { mostOpen } from './open-files.ts';

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const wantedOpen = 256;
/** As many as Linux follows. */
const maximumHops = 40;

/** Thrown when a managed path leads through a symbolic link or something that is not a directory. */
class UnsafePathError extends Error {}

/**
 * Directories opened component by component without following a link, so that nobody can swap one for a link between the
 * check and the write. Names below them are reached through `/proc/self/fd`, if the system has it: whose directory it is can
 * change during a run. Elsewhere by their path.
 */
export class SafeDirectories {
  readonly #root: string;
  readonly #open = new Map<string, number>();
  readonly #mostOpen = mostOpen(wantedOpen);
  readonly #byDescriptor = existsSync('/proc/self/fd');

  /** `root` is trusted and may itself be reached through links. */
  constructor(root: string) {
    this.#root = root;
  }

  /** A path for `name` in the directory `parent` (absolute inside the root) that cannot be redirected. */
  child(parent: string, name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/'))
      throw new UnsafePathError(`"${name}" is not a file name`);
    return `${this.located(parent)}/${name}`;
  }

  /**
   * A path for reading the file or link at an absolute path inside the root. A link on the way is followed where nobody but root
   * and this user can have put it there: systems have `/lib` and `/var` elsewhere.
   */
  readable(path: string): string {
    return this.child(this.#followed(parentOf(path)), basename(path));
  }

  /** The directory itself. */
  located(directory: string): string {
    const descriptor = this.#descriptor(directory);
    return this.#byDescriptor ? `/proc/self/fd/${descriptor}` : `${this.#root}${directory === '/' ? '' : directory}`;
  }

  /** The directory has been removed: another one may soon have its name. */
  forget(removed: string): void {
    for (const [directory, descriptor] of this.#open) {
      if (directory !== removed && !directory.startsWith(`${removed}/`)) continue;
      closeSync(descriptor);
      this.#open.delete(directory);
    }
  }

  /** Any of them may have been replaced by now. */
  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #descriptor(directory: string): number {
    const known = this.#open.get(directory);
    const descriptor = known ?? this.#openDirectory(directory);
    // Set anew, so that the oldest is the one that was not asked for longest: a path that was given a moment ago is still good.
    if (known !== undefined) this.#open.delete(directory);
    else if (this.#open.size >= this.#mostOpen) this.#closeOldest();
    this.#open.set(directory, descriptor);
    return descriptor;
  }

  #openDirectory(directory: string): number {
    if (directory === '/' || directory === '') return openSync(this.#root || '/', constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return openSync(`${this.located(parentOf(directory))}/${directory.slice(directory.lastIndexOf('/') + 1)}`, flags);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ELOOP' || code === 'ENOTDIR')
        throw new UnsafePathError(`${directory} is a symbolic link or not a directory; name the real path instead`, {
          cause: error,
        });
      throw error;
    }
  }

  /** The directory that is meant, by a path without links. */
  #followed(directory: string, hops = 0): string {
    if (directory === '/') return directory;
    const parent = this.#followed(parentOf(directory), hops);
    const name = basename(directory);
    const at = resolve(parent, name);
    try {
      this.#descriptor(at);
      return at;
    } catch (error) {
      if (!(error instanceof UnsafePathError)) throw error;
      const target = targetOf(this.child(parent, name));
      // A file: nothing is below it.
      if (target === undefined) throw error.cause;
      if (hops === maximumHops || !this.#isPrivate(parent)) throw error;
      return this.#followed(resolve(parent, target), hops + 1);
    }
  }

  /** Whether nobody but root and this user can change what the names on the way to it, and in it, stand for. */
  #isPrivate(directory: string): boolean {
    const { uid, mode } = fstatSync(this.#descriptor(directory));
    const isOwn = (uid === 0 || uid === process.geteuid?.()) && (mode & 0o022) === 0;
    return isOwn && (directory === '/' || this.#isPrivate(parentOf(directory)));
  }

  #closeOldest(): void {
    for (const [directory, descriptor] of this.#open) {
      if (directory === '/') continue;
      closeSync(descriptor);
      this.#open.delete(directory);
      return;
    }
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw error;
  }
}

const parentOf = (directory: string): string => directory.slice(0, directory.lastIndexOf('/')) || '/';
