import { closeSync, constants, existsSync, openSync } from 'node:fs';

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const maximumOpen = 256;

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

  /** Any of them may have been replaced by now. */
  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #located(directory: string): string {
    const descriptor = this.#descriptor(directory);
    return this.#byDescriptor ? `/proc/self/fd/${descriptor}` : `${this.#root}${directory === '/' ? '' : directory}`;
  }

  #descriptor(directory: string): number {
    const known = this.#open.get(directory);
    if (known !== undefined) return known;
    const descriptor = this.#openDirectory(directory);
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
