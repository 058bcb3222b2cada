import { about } from '../host/path-error.ts';
import { SafeDirectories } from '../host/safe-directories.ts';

/** The agent may own the directories on the way: through a link of its own it would be given what only root can read, or write. */
export function throughNoLink<T>(path: string, act: (real: string) => T): T {
  const directories = new SafeDirectories('');
  try {
    return about(path, () => act(directories.readable(path)));
  } finally {
    directories.close();
  }
}
