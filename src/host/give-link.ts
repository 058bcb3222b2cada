import { chownSync, closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { LinkOwner } from './host.ts';

/** O_PATH of Linux, which Node does not name: what a link is, not what it leads to. */
const asItself = 0o10000000;

/**
 * Gives away a link that was just made. Who may write in its directory can put something else under its name in the meantime, which
 * must not become theirs: the owner is set on what was opened, and only if that is a link.
 */
export function giveLink(real: string, { uid = -1, gid = -1 }: LinkOwner): void {
  const isOwn = (uid === -1 || uid === process.geteuid?.()) && (gid === -1 || gid === process.getegid?.());
  if (isOwn) return;
  const descriptor = openSync(real, asItself | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(descriptor).isSymbolicLink()) throw new Error('somebody else has replaced the link that this run made');
    chownSync(`/proc/self/fd/${descriptor}`, uid, gid);
  } finally {
    closeSync(descriptor);
  }
}
