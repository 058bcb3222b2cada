import { systemLibrary as library } from '../../install/installed-files.ts';
import type { Finding } from '../../model/fleet.ts';
import { printableLine } from '../../report/printable.ts';
import { statusSchema } from '../../report/status-schema.ts';
import type { Connection } from '../connection.ts';
import { parseAnswer } from '../visit.ts';
import { awaitTrial } from './await-trial.ts';
import { bringFiles, diffPolicy, placeOf } from './bring-files.ts';
import { bringPackages } from './bring-packages.ts';
import { bringProgram, expectedFiles, nodeOf } from './bring-program.ts';
import { bringRuntime } from './bring-runtime.ts';
import { runFirst, type FirstRun } from './first-run.ts';
import type { HostFiles } from './host-files.ts';
import { judgeHost } from './judge-host.ts';
import { isNameOf, judgeName } from './judge-name.ts';
import { lookAt, type Look } from './look.ts';
import type { ProgramArchive } from './pack-program.ts';
import type { Runtime } from './pack-runtime.ts';
import { failure, runScript } from './remote.ts';

interface BootstrapSettings extends FirstRun {
  /** At most one for each kind of machine. */
  readonly runtimes: readonly Runtime[];
  readonly program: ProgramArchive;
  readonly files: HostFiles;
}

/**
 * Makes a bare machine one that an agent keeps as the repository says; what is there already is left alone, so that it can be cut
 * off anywhere and repeated. On a machine whose agent runs it is an update: the program, its runtime and settings are brought, and
 * the revision is left to the agent. Rejects with a `ConnectionError` when the host is lost.
 */
export async function bootstrapHost(
  connection: Connection,
  settings: BootstrapSettings,
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Finding> {
  const { program, files } = settings;
  const host = connection.target.name;
  const asked = whatToLookAt(settings);
  const before = await lookAt(connection, asked);
  const misnamed = judgeName(host, before.policy);
  if (misnamed) return misnamed;
  const look = (await settle(connection, before, tell, signal)) ? await lookAt(connection, asked) : before;
  const runtime = judgeHost(look, settings);
  if ('verdict' in runtime) return runtime;
  const output = await diffPolicy(look, files);
  const failed =
    (await bringRuntime(connection, { look, runtime }, tell, signal)) ??
    (await bringPackages(connection, look, tell, signal)) ??
    (await bringProgram(connection, { look, runtime, program }, tell, signal)) ??
    (await bringFiles(connection, { look, files }, tell, signal));
  if (failed) return failed;
  const first = look.isActive ? undefined : await runFirst(settings, tell);
  if (first && first.verdict !== 'converged') return first;
  const unstarted = look.isActive && look.isEnabled ? undefined : await startAgent(connection, runtime, tell, signal);
  if (unstarted) return unstarted;
  await cleanUp(connection, [runtime.name, nodeDirectory(look)], signal);
  const answer = await connection.run(['reconcile', 'status', '-o', 'json'], { signal });
  if (answer.exitCode !== 0) return failure('the agent was started but does not answer', answer, journal);
  const status = parseAnswer(statusSchema, answer.stdout);
  if (!isNameOf(host, status.host)) {
    const message = `its agent runs as ${printableLine(status.host).slice(0, 100)}, not as ${host}`;
    return { verdict: 'error', message, hint: `write host: ${host} into its host policy, with --policy or there`, status };
  }
  return {
    verdict: 'converged',
    message: `reconcile ${program.id} on Node ${runtime.version} runs there${first ? `; ${first.message}` : ''}`,
    ...(first?.report && { report: first.report }),
    ...(output !== undefined && { output }),
    status,
  };
}

const journal = 'journalctl -u timmy-reconciler on the host tells why; then call this again';

function whatToLookAt({ runtimes, program, files }: BootstrapSettings): Parameters<typeof lookAt>[1] {
  const installed = runtimes.flatMap((runtime) => [...expectedFiles(runtime).keys()]);
  return {
    program: program.id,
    runtimes: runtimes.map(({ name }) => name),
    files: [...new Set([...installed, ...files.others.map(placeOf)])],
  };
}

/**
 * What is on trial is decided before anything else is brought: until then nobody knows what the host runs. Whether something was,
 * so that what was seen of the host is out of date.
 */
async function settle(
  connection: Connection,
  { isUnconfirmed, isOnTrial }: Look,
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  if (isUnconfirmed) {
    // Who was here before was cut off. This connection is a later one, and what waits keeps a version on trial from being proved.
    tell('confirms the run that waits for it');
    const confirmed = await connection.run(['reconcile', 'confirm'], { signal });
    // It takes the run back by itself then, and what follows works on either.
    if (confirmed.exitCode !== 0) tell(failure('the run is not confirmed', confirmed, '').message);
  }
  if (isOnTrial) await awaitTrial(connection, tell, signal);
  return isOnTrial;
}

const start = `"$1" "$lib/current/reconcile.mjs" install </dev/null 2>&1`;

/** Its unit says that it runs only when its control socket is open. */
async function startAgent(
  connection: Connection,
  runtime: Runtime,
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  tell('starts the agent');
  const result = await runScript(connection, start, [nodeOf(runtime)], { timeout: 300_000, signal });
  if (result.exitCode === 0) return undefined;
  return failure('the agent does not start', result, journal);
}

/**
 * Arguments: runtimes that stay. That of the version before is still named by what it had started. Whoever else brings something at this
 * moment needs all of it, and cleans up behind it; an upload that stands still for a minute is given up.
 */
const clean = `
if [ -d "$lib/incoming" ]; then
  exec 9>"$lib/incoming/lock" && flock -n 9 || exit 0
  [ -z "$(find "$lib/incoming" -name '*.part' -mmin -2)" ] || exit 0
  rm -rf "$lib/incoming"
fi
for place in "$lib"/runtime/*; do
  for name in "$@"; do [ "$place" != "$lib/runtime/$name" ] || continue 2; done
  rm -rf --one-file-system "$place"
done
`;

async function cleanUp(connection: Connection, runtimes: readonly string[], signal: AbortSignal): Promise<void> {
  await runScript(
    connection,
    clean,
    runtimes.filter((name) => name !== ''),
    { signal },
  );
}

const nodeDirectory = ({ node }: Look): string =>
  node?.startsWith(`${library}/runtime/`) === true ? (node.slice(`${library}/runtime/`.length).split('/')[0] ?? '') : '';
