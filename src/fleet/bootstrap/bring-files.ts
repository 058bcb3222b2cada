import type { Finding } from '../../model/fleet.ts';
import { unifiedDiff } from '../../report/unified-diff.ts';
import type { Connection } from '../connection.ts';
import type { HostFile, HostFiles } from './host-files.ts';
import { standing, type Look } from './look.ts';
import { failure, runScript, settingsDirectory } from './remote.ts';

/**
 * Arguments: path, mode, size; the content is the input, which ends early when the connection is lost. A file appears under its
 * name complete and with its mode, or not at all.
 */
const place = `
path=$1
directory=$(dirname "$path")
new=$directory/.bootstrap.new
(umask 022; mkdir -p "$directory") || exit
umask 077
rm -f "$new"
cat >"$new" || { rm -f "$new"; exit 1; }
[ "$(stat -c %s "$new")" = "$3" ] || { rm -f "$new"; echo "it did not arrive whole" >&2; exit 1; }
chmod "$2" "$new" && sync "$new" && mv -fT "$new" "$path" && sync "$directory"
`;

/** Where a file stands on the host. */
export const placeOf = ({ path }: Pick<HostFile, 'path'>): string => `${settingsDirectory}/${path}`;

/** Whether the host gets this policy: one that was not given replaces none. */
const isReplaced = (look: Look, { content, isGiven }: HostFiles['policy']): boolean =>
  look.policy === undefined || (isGiven && !look.policy.equals(content));

/** How a host policy that is there changes; undefined where it does not. */
export async function diffPolicy(look: Look, { policy }: HostFiles): Promise<string | undefined> {
  if (!look.policy || !isReplaced(look, policy)) return undefined;
  return unifiedDiff({ path: placeOf(policy), before: look.policy, after: policy.content }, 500);
}

/**
 * Puts the host policy, which never replaces one unless it was given, and the files beside it. What is the same is left alone. An
 * agent that runs is started again with them, also where whoever wrote them was cut off before that; when it does not start with a new
 * policy, it gets the one before.
 */
export async function bringFiles(
  connection: Connection,
  { look, files }: { readonly look: Look; readonly files: HostFiles },
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const { policy, others } = files;
  const hasNewPolicy = isReplaced(look, policy);
  const changed = others.filter((file) => look.files.get(placeOf(file)) !== standing(file));
  // The policy last: it names the others.
  for (const file of [...changed, ...(hasNewPolicy ? [policy] : [])]) {
    tell(`writes ${placeOf(file)}`);
    const failed = await put(connection, file, signal);
    if (failed) return failed;
  }
  if (!look.isActive || (changed.length === 0 && !hasNewPolicy && !look.isUnread)) return undefined;
  tell('starts the agent again with the new settings');
  const started = await restart(connection, signal);
  if (started.exitCode === 0) return undefined;
  if (!hasNewPolicy || !look.policy) return failure('the agent does not start with the new files', started, journal);
  const failed = await put(connection, { ...policy, content: look.policy }, signal);
  if (failed) return { ...failed, message: `the agent does not start with the new host policy, and ${failed.message}` };
  const again = await restart(connection, signal);
  if (again.exitCode !== 0) return failure('the agent does not start, also with the host policy before', again, journal);
  return {
    verdict: 'rolledBack',
    message: 'the agent does not start with the new host policy; it runs with the one before',
    hint: journal,
  };
}

const journal = 'journalctl -u timmy-reconciler on the host tells why';

const restart = (connection: Connection, signal: AbortSignal) =>
  connection.run(['systemctl', 'restart', 'timmy-reconciler.service'], { timeout: 180_000, signal });

async function put(connection: Connection, file: HostFile, signal: AbortSignal): Promise<Finding | undefined> {
  const words = [placeOf(file), file.mode.toString(8), String(file.content.length)];
  const result = await runScript(connection, place, words, { stdin: file.content, signal });
  return result.exitCode === 0
    ? undefined
    : failure(
        `${placeOf(file)} could not be written, what stood there still stands`,
        result,
        'look at that directory on the host',
      );
}
