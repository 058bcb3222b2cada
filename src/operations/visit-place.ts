import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeStateDirectory } from '../state/state-directory.ts';

/** Places of this process. Another one can have had its id. */
const own = new Set<string>();

/** A directory below the state directory for what a visit or a pull request brings, gone with all that is in it at the end. */
export function openVisitPlace(stateDirectory: string): Disposable & { readonly path: string } {
  makeStateDirectory(stateDirectory);
  const all = join(stateDirectory, 'visits');
  mkdirSync(all, { recursive: true, mode: 0o700 });
  for (const left of readdirSync(all))
    if (!own.has(left) && !isAtWork(left)) rmSync(join(all, left), { recursive: true, force: true });
  const name = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const path = join(all, name);
  mkdirSync(path, { mode: 0o700 });
  own.add(name);
  return {
    path,
    [Symbol.dispose]() {
      own.delete(name);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A place is named after its process; that of one that was killed is left over. */
function isAtWork(name: string): boolean {
  const pid = Number(/^(\d+)-/.exec(name)?.[1]);
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
