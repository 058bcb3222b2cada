import { installedFiles, systemLibrary as library } from '../../install/installed-files.ts';
import type { Finding } from '../../model/fleet.ts';
import type { Connection } from '../connection.ts';
import { upload } from '../upload.ts';
import { standing, type Look } from './look.ts';
import type { ProgramArchive } from './pack-program.ts';
import type { Runtime } from './pack-runtime.ts';
import { prepareLibrary } from './prepare-library.ts';
import { failure, oneAtATime, runScript } from './remote.ts';
import { awaitTrial } from './await-trial.ts';
import { tellProgress } from './tell-progress.ts';

/**
 * Arguments: the Node, the id, where the program stands in the library, options. Output goes to a file: a connection that is lost
 * must not end the program between its own steps.
 */
const install = `${oneAtATime}
node=$1
place=$lib/$3
umask 022
if [ "$3" != "versions/$2" ]; then
  rm -rf "$place" && mkdir "$place" && tar -xzf "$place.tar.gz" -C "$place" --no-same-owner || exit
fi
shift 3
"$node" "$place/reconcile.mjs" install "$@" >"$lib/incoming/install.log" 2>&1 </dev/null
code=$?
tail -c 8000 "$lib/incoming/install.log"
exit $code
`;

/** The Node of a runtime, on the host. */
export const nodeOf = ({ name }: Runtime): string => `${library}/runtime/${name}/node`;

/** The unit and the command as they are with this Node; by path, as a look tells of files. */
export function expectedFiles(runtime: Runtime): ReadonlyMap<string, string> {
  const { unit, wrapper } = installedFiles({ scope: 'system', home: '/root', env: {}, node: nodeOf(runtime) });
  return new Map([unit, wrapper].map((file) => [file.path, standing(file)]));
}

interface Brought {
  readonly look: Look;
  readonly runtime: Runtime;
  readonly program: ProgramArchive;
}

const isInstalled = ({ look, runtime, program }: Brought): boolean =>
  isComplete(look, program) &&
  look.current === program.id &&
  look.confirmed === program.id &&
  [...expectedFiles(runtime)].every(([path, expected]) => look.files.get(path) === expected);

/** The last part of an id is the digest over what is in it. */
const isComplete = (look: Look, { id }: ProgramArchive): boolean => look.program === id.slice(-12);

/**
 * Brings the program beside the versions that are there. Where the agent runs, the new one takes over on trial: it has to find the
 * host converged, or to look at one that is suspended, within 120 seconds, or the one before returns. Where it does not run, nothing is started.
 */
export async function bringProgram(
  connection: Connection,
  brought: Brought,
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const { look, runtime, program } = brought;
  if (isInstalled(brought)) return undefined;
  const unprepared = await prepareLibrary(connection, signal);
  if (unprepared) return unprepared;
  const isHere = isComplete(look, program);
  const place = isHere ? `versions/${program.id}` : `incoming/program-${program.id}`;
  if (!isHere) {
    const file = { from: program.packed.path, to: `${library}/${place}.tar.gz`, mode: 0o600 };
    await upload(connection, file, signal, tellProgress(`reconcile ${program.id}`, tell));
  }
  tell(`installs reconcile ${program.id}${look.isActive ? ', which takes over from the agent that runs' : ''}`);
  const words = [nodeOf(runtime), program.id, place, ...(look.isActive ? [] : ['--stage'])];
  const installed = await runScript(connection, install, words, { timeout: 600_000, signal });
  const { current, confirmed } = await awaitTrial(connection, tell, signal);
  const isThere = current === program.id && confirmed === program.id;
  // Who was confirmed meanwhile has proved itself, whatever the installation said.
  const hasProved = look.isActive && look.confirmed !== program.id;
  if (isThere && (installed.exitCode === 0 || hasProved)) return undefined;
  const isBack = look.isActive && current === confirmed && current === look.confirmed && current !== program.id;
  if (isBack && /systemctl/.test(installed.stdout))
    return {
      verdict: 'rolledBack',
      message: `version ${program.id} did not find the host converged within 120 s and was taken back; ${current} runs again`,
      hint: `journalctl -u timmy-reconciler on the host tells why; once that is mended: rm ${library}/returned.json there, and call this again`,
    };
  return failure(`reconcile ${program.id} could not be installed, what ran there before still runs`, installed, retry);
}

const retry = 'call it again when that is mended: it goes on where it ended';
