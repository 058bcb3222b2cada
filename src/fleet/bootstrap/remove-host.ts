import type { Finding } from '../../model/fleet.ts';
import { printableLine } from '../../report/printable.ts';
import type { Connection } from '../connection.ts';
import { judgeName } from './judge-name.ts';
import { failure, runScript, settingsDirectory } from './remote.ts';

/** Where the agent of root keeps what it knows. */
const stateDirectory = '/var/lib/timmy-reconciler';

/**
 * The agent first, which ends its run or takes it back; what it knows last, so that a removal that is cut off can be repeated. Says
 * what it removed, one line each. A command that somebody else wrote under that name stays. Argument: directories beside the program.
 */
const script = `
for timer in /etc/systemd/system/timmy-reconciler-confirm-*.timer; do
  [ -e "$timer" ] && { echo 'a change there waits for its confirmation' >&2; exit 1; }
done
unit=timmy-reconciler.service
file=/etc/systemd/system/$unit
if [ -e "$file" ] || systemctl is-active --quiet "$unit"; then
  systemctl disable --now --quiet "$unit" 2>/dev/null || systemctl stop "$unit" || exit
  rm -rf "$file" "$file.d" || exit
  systemctl daemon-reload || exit
  systemctl reset-failed "$unit" 2>/dev/null
  echo 'the agent'
fi
command=/usr/local/bin/reconcile
if [ -f "$command" ] && grep -q "^exec '.*' '$lib/current/reconcile.mjs'" "$command"; then
  rm -f "$command" || exit
  echo "$command"
fi
for directory in "$lib" "$@"; do
  [ -e "$directory" ] || continue
  rm -rf --one-file-system "$directory" || exit
  echo "$directory"
done
`;

const readPolicy = `head -c 1048577 ${settingsDirectory}/host.yaml 2>/dev/null`;

/**
 * Takes the agent and all that belongs to it off a host; with `keepState` what it knows and its settings stay for the next time.
 * What the configuration put on the host stays in any case, and so do packages. Can be repeated.
 */
export async function removeFromHost(
  connection: Connection,
  { keepState }: { readonly keepState: boolean },
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Finding> {
  const { stdout: policy } = await runScript(connection, readPolicy, [], { limit: 2 * 1024 * 1024, signal });
  const misnamed = judgeName(connection.target.name, Buffer.from(policy));
  if (misnamed) return misnamed;
  tell('stops and removes the agent');
  const result = await runScript(connection, script, keepState ? [] : [stateDirectory, settingsDirectory], {
    timeout: 300_000,
    signal,
  });
  if (result.exitCode !== 0)
    return failure(
      'the agent could not be removed whole',
      result,
      'mend that (a change that waits: reconcile confirm there) and call it again: it goes on',
    );
  const removed = result.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => printableLine(line));
  if (removed.length === 0) return { verdict: 'converged', message: 'nothing to remove: no agent is installed there' };
  const left = keepState ? `; ${stateDirectory} and ${settingsDirectory} were kept` : '';
  return {
    verdict: 'converged',
    message: `removed ${removed.join(', ')}${left}. What the configuration put on the host stays, and git with it`,
  };
}
