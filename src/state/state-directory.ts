import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ownAccount } from '../host/own-account.ts';
import { requireKind } from './require-kind.ts';
import { StateError } from './state-error.ts';

const name = 'timmy-reconciler';

/**
 * Where the ledger, the journal and the runs are kept. Under `--root DIR` always inside DIR: a ledger belongs to the tree
 * that it describes. Else `RECONCILE_STATE_DIR`, else systemd's `STATE_DIRECTORY`, else `/var/lib/timmy-reconciler` for root
 * and `$XDG_STATE_HOME/timmy-reconciler` for everybody else. Nothing is created.
 */
export function stateDirectory(
  root?: string,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
  uid: number | undefined = process.getuid?.(),
): string {
  if (root !== undefined) return join(resolve(root), 'var/lib', name);
  // systemd separates several directories with colons; the unit has one.
  const given = env['RECONCILE_STATE_DIR'] || env['STATE_DIRECTORY']?.split(':')[0];
  if (given) return resolve(given);
  if (uid === 0) return join('/var/lib', name);
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || ownAccount().home, '.local/state'), name);
}

/** The database of what was done on this host; every change of it is one of the file. */
export const stateFile = (directory: string): string => join(directory, 'state.db');

/** Where the agent whose state is in this directory listens. */
export const controlSocket = (directory: string): string => join(directory, 'control.sock');

/**
 * Makes the directory, for its owner only; its parents are everybody's, as `install -d` makes them. One that is there must be
 * this user's: what is in it decides what is removed and restored.
 */
export function makeStateDirectory(directory: string): void {
  if (!makeMissing(directory, 0o700)) requirePrivate(directory);
}

/** False when it was there. Not mkdir's `recursive`: where a parent is there and the system denies it (/proc), that never ends. */
function makeMissing(directory: string, mode: number): boolean {
  if (statSync(directory, { throwIfNoEntry: false })) return false;
  makeMissing(dirname(directory), 0o755);
  try {
    mkdirSync(directory, { mode: 0o700 });
    // Whatever the umask.
    chmodSync(directory, mode);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    const hint = 'run as a user who may, or name another one in RECONCILE_STATE_DIR';
    throw new StateError(`the state directory cannot be made: ${message}`, hint, error);
  }
}

function requirePrivate(directory: string): void {
  requireKind(directory, 'directory');
  const { uid, mode } = statSync(directory);
  const user = process.geteuid?.();
  if (uid !== user)
    throw new StateError(
      `the state directory ${directory} belongs to user ${uid}, not to the user who runs this (${user}). Nothing was changed`,
      `run as its owner, or chown it if nobody else can have written to it`,
    );
  if ((mode & 0o022) !== 0)
    throw new StateError(
      `others may write to the state directory ${directory}. Nothing was changed`,
      `chmod 0700 ${directory}, if nobody else has written to it`,
    );
  // systemd makes it 0755.
  if ((mode & 0o077) !== 0) chmodSync(directory, 0o700);
}
