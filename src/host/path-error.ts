import type { AbsolutePath } from './host.ts';

/** An error of the operating system with the managed path that it is about: its own message names another one, or none. */
export class PathError extends Error {
  readonly path: AbsolutePath;
  /** The system's name of it, where it has one. */
  readonly code: string | undefined;

  constructor(path: AbsolutePath, cause: unknown) {
    super(`${path}: ${reasonOf(cause as Error, path)}`, { cause });
    this.path = path;
    this.code = (cause as NodeJS.ErrnoException).code;
  }
}

/** Does something to a managed path. */
export function about<T>(path: AbsolutePath, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof PathError ? error : new PathError(path, error);
  }
}

/** What the attributes of a file or its directory forbid, to root as well. */
const forbidden = /^EPERM: .*, (?:open|rename|unlink|rmdir|mkdir|symlink|link)\b/;

/** Node has no words for a quota. The path is said already, and how its name was reached says nothing to anybody. */
function reasonOf({ message }: Error, path: AbsolutePath): string {
  const reason = message
    .replace(/(Unknown system error -122(: )?)+/, 'EDQUOT: quota exceeded')
    .replaceAll(/ '([^']*)'/g, (quoted, name: string) => (name.startsWith('/proc/self/fd/') || name.endsWith(path) ? '' : quoted))
    .replace(/ ->$/, '');
  return forbidden.test(message) ? `${reason} (lsattr tells whether it or its directory is immutable or append-only)` : reason;
}
