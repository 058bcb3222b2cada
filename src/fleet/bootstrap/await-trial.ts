import type { Connection } from '../connection.ts';
import { runScript } from './remote.ts';

interface Settled {
  readonly current: string | undefined;
  readonly confirmed: string | undefined;
}

/**
 * A version on trial is confirmed by the agent, or taken back by what starts after its 120 seconds. One that was put there and never
 * started, because whoever did so was cut off, is started; should none of this help, another restart decides it. Then the agent
 * that is left gets time to start.
 */
const script = `
settle() { for _ in $(seq "$1"); do [ -e "$lib/update.json" ] || return 0; sleep 0.2; done; return 1; }
settle 25 || { ! grep -q '"starts":0[,}]' "$lib/update.json" || systemctl restart timmy-reconciler.service; } 2>/dev/null
settle 650 || { systemctl restart timmy-reconciler.service; settle 50; }
for _ in $(seq 300); do
  [ "$(systemctl is-active timmy-reconciler.service)" = activating ] || break
  sleep 0.2
done
for name in current confirmed; do printf '\\n%s\\t%s\\n' "$name" "$(basename "$(readlink "$lib/$name")")"; done
`;

/** Waits until no version is on trial, and answers with the links as they are then. */
export async function awaitTrial(connection: Connection, tell: (message: string) => void, signal: AbortSignal): Promise<Settled> {
  const { exitCode } = await runScript(connection, '[ -e "$lib/update.json" ]', [], { signal });
  if (exitCode === 0) tell('waits until the version on trial has found the host converged');
  const { stdout } = await runScript(connection, script, [], { timeout: 300_000, signal });
  // A login script may have written lines of its own before.
  const named = (name: string): string | undefined => new RegExp(`^${name}\\t(.+)$`, 'm').exec(stdout)?.[1];
  return { current: named('current'), confirmed: named('confirmed') };
}
