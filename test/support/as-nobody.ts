import { spawnSync } from 'node:child_process';
import { program } from './run-cli.ts';

const script =
  'mount -t tmpfs none /var/lib && mkdir /var/lib/timmy-reconciler && exec setpriv --reuid=65534 --clear-groups "$@"';

/** Words for `setpriv`. */
export const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups'] as const;

/** The program as somebody else than root runs it, on a machine where root has a state and they have none; arguments follow. */
export const programAsNobody = ['unshare', '--mount', 'sh', '-c', script, 'sh', process.execPath, program] as const;

/** Whether that is possible here. */
export function canBeNobody(): boolean {
  const [command, ...rest] = [...programAsNobody, '--version'];
  const isPossible = process.getuid?.() === 0 && spawnSync(command, rest).status === 0;
  if (!isPossible) console.log('skipped: becoming another user needs root, unshare, and a checkout that everybody can read');
  return isPossible;
}
