import { systemLibrary as library } from '../../install/installed-files.ts';
import type { Finding } from '../../model/fleet.ts';
import type { Connection } from '../connection.ts';
import { failure, runScript } from './remote.ts';

/** Directories that only root writes to, whatever the umask of the login. */
const script = `
umask 022
mkdir -p "$lib/runtime" || exit
mkdir -p -m 700 "$lib/incoming"
`;

/** Makes the place to which something is brought. */
export async function prepareLibrary(connection: Connection, signal: AbortSignal): Promise<Finding | undefined> {
  const result = await runScript(connection, script, [], { signal });
  return result.exitCode === 0
    ? undefined
    : failure(`${library} cannot be made, nothing was changed`, result, 'look at the directories above it');
}
