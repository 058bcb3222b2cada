import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

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
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local/state'), name);
}
