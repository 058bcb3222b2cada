import { closeSync, constants, existsSync, openSync } from 'node:fs';

const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const maximumOpen = 256;

/** Thrown when a managed path leads through a symbolic link or something that is not a directory. */
export class UnsafePathError extends Error {}

/**
 * Directories opened component by component without following a link, so that nobody can swap one for a link between the
 * check and the write. Names below an open directory are reached through `/proc/self/fd`, where the system has it.
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

  /** The directory itself, for fsync; the caller closes it. */
  open(directory: string): number {
    return openSync(this.#located(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  }

  close(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #located(directory: string): string {
    const descriptor = this.#descriptor(directory);
    return this.#byDescriptor ? `/proc/self/fd/${descriptor}` : `${this.#root}${directory}`;
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
    const slash = directory.lastIndexOf('/');
    const parent = directory.slice(0, slash) || '/';
    try {
      return openSync(`${this.#located(parent)}/${directory.slice(slash + 1)}`, flags);
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
