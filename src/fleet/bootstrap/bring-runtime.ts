import { systemLibrary as library } from '../../install/installed-files.ts';
import type { Finding } from '../../model/fleet.ts';
import type { Connection } from '../connection.ts';
import { upload } from '../upload.ts';
import type { Look } from './look.ts';
import type { Runtime } from './pack-runtime.ts';
import { prepareLibrary } from './prepare-library.ts';
import { failure, oneAtATime, runScript } from './remote.ts';
import { tellProgress } from './tell-progress.ts';

/**
 * Arguments: name, digest, version. It gets its name when it is whole and has run once: another machine's Node, or one that lacks
 * a library there, must not become the runtime.
 */
const unpack = `${oneAtATime}
place=$lib/runtime/$1
new=$lib/incoming/node.new
umask 022
[ -x "$place/node" ] && [ "$(sha256sum <"$place/node" | cut -c 1-64)" = "$2" ] && exit 0
gzip -dc "$lib/incoming/node-$1.gz" >"$new" || exit
[ "$(sha256sum <"$new" | cut -c 1-64)" = "$2" ] || { echo "what arrived has another checksum" >&2; rm -f "$new" "$lib/incoming/node-$1.gz"; exit 1; }
chmod 755 "$new"
said=$("$new" --version 2>&1 </dev/null) || { echo "it does not run there: $said" >&2; exit 1; }
[ "$said" = "v$3" ] || { echo "it says that it is $said, not v$3" >&2; exit 1; }
sync "$new" && mkdir -p "$place" && mv "$new" "$place/node" && sync "$place" "$lib/runtime" || exit
rm -f "$lib/incoming/node-$1.gz"
`;

/** Brings the Node that the agent runs on. Nothing of a runtime that is there already is touched. */
export async function bringRuntime(
  connection: Connection,
  { look, runtime }: { readonly look: Look; readonly runtime: Runtime },
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  if (look.runtimes.get(runtime.name) === runtime.sha256) return undefined;
  const unprepared = await prepareLibrary(connection, signal);
  if (unprepared) return unprepared;
  const what = `Node ${runtime.version}`;
  const file = { from: runtime.packed.path, to: `${library}/incoming/node-${runtime.name}.gz`, mode: 0o600 };
  await upload(connection, file, signal, tellProgress(what, tell));
  tell(`unpacks ${what} and runs it once`);
  const unpacked = await runScript(connection, unpack, [runtime.name, runtime.sha256, runtime.version], {
    timeout: 600_000,
    signal,
  });
  if (unpacked.exitCode === 0) return undefined;
  return failure(
    `${what} could not be made ready, what ran there before still runs`,
    unpacked,
    'name a Node of nodejs.org with --node',
  );
}
