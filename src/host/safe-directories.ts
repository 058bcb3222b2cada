import { closeSync, constants, existsSync, fstatSync, openSync } from 'node:fs';

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const maximumOpen = 256;

/** Thrown when a managed path leads through a symbolic link or something that is not a directory. */
class UnsafePathError extends Error {}

/**
 * Directories opened component by component without following a link, so that nobody can swap one for a link between the
 * check and the write. Where others than root and this user may write to a directory on the way, names below it are reached
 * through `/proc/self/fd`, if the system has it; elsewhere by their path, which is quicker.
 */
export class SafeDirectories {
  readonly #root: string;
  readonly #open = new Map<string, number>();
  readonly #private = new Map<string, boolean>();
  readonly #user = process.geteuid?.() ?? 0;
  readonly #byDescriptor = existsSync('/proc/self/fd');

  /** `root` is trusted and may itself be reached through links. */
  constructor(root: string) {
    this.#root = root;
  }

  /** A path for `name` in the directory `parent` (absolute inside the root) that cannot be redirected. */
  child(parent: string, name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/'))
      throw new UnsafePathError(`"${name}" is not a file name`);
    return `${this.#located(parent)}/${name}`;
  }

  /** The directory itself, for fsync. */
  located(directory: string): string {
    return this.#located(directory);
  }

  /** The directory has been removed: another one may soon have its name. */
  forget(removed: string): void {
    for (const [directory, descriptor] of this.#open) {
      if (directory !== removed && !directory.startsWith(`${removed}/`)) continue;
      closeSync(descriptor);
      this.#open.delete(directory);
    }
  }

  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #located(directory: string): string {
    const descriptor = this.#descriptor(directory);
    const isByPath = !this.#byDescriptor || this.#private.get(directory);
    return isByPath ? `${this.#root}${directory === '/' ? '' : directory}` : `/proc/self/fd/${descriptor}`;
  }

  #descriptor(directory: string): number {
    const known = this.#open.get(directory);
    if (known !== undefined) return known;
    const descriptor = this.#openDirectory(directory);
    this.#private.set(directory, this.#isPrivate(directory, descriptor));
    if (this.#open.size >= maximumOpen) this.#closeOldest();
    this.#open.set(directory, descriptor);
    return descriptor;
  }

  #openDirectory(directory: string): number {
    if (directory === '/' || directory === '') return openSync(this.#root || '/', constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      return openSync(`${this.#located(parentOf(directory))}/${directory.slice(directory.lastIndexOf('/') + 1)}`, flags);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ELOOP' || code === 'ENOTDIR')
        throw new UnsafePathError(`${directory} is a symbolic link or not a directory; name the real path instead`, {
          cause: error,
        });
      throw error;
    }
  }

  /** Whether nobody but root and this user can change what the names on the way to it, and in it, stand for. */
  #isPrivate(directory: string, descriptor: number): boolean {
    const { uid, mode } = fstatSync(descriptor);
    const isOwn = (uid === 0 || uid === this.#user) && (mode & 0o022) === 0;
    return isOwn && (directory === '/' || this.#private.get(parentOf(directory)) === true);
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

const parentOf = (directory: string): string => directory.slice(0, directory.lastIndexOf('/')) || '/';
