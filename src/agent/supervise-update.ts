import { confirm, confirmBefore, standingReturn } from '../install/self-update.ts';
import { libraryOf } from '../install/library.ts';
import type { AgentPort } from '../model/agent.ts';
import type { Report } from '../model/report.ts';

/** Other than the first only where the host is left alone: all of it was looked at. */
const proofs: ReadonlySet<Report['outcome']> = new Set(['converged', 'upstreamPending', 'driftOnly', 'conflict']);

/** What became of the last update of the program that runs, where it came to nothing. */
export function updateTakenBack(): ReturnType<typeof standingReturn> {
  const library = libraryOf(process.argv[1] ?? '');
  return library === undefined ? undefined : standingReturn(library);
}

/**
 * A version on trial stays once it has reached the remote and found the host converged, or has looked at all of one that is
 * suspended. Until then its time runs: the process ends when it is over, and what starts next is the version before.
 */
export function superviseUpdate(port: AgentPort, problem: (message: string) => void, signal: AbortSignal): void {
  const library = libraryOf(process.argv[1] ?? '');
  const deadline = library === undefined ? undefined : confirmBefore(library);
  if (library === undefined || deadline === undefined) return;
  let works = false;
  const end = port.subscribe((event) => {
    // Where the newest revision may not be applied, with the last good one.
    if (event.type === 'finished') works = proofs.has(event.report.outcome);
    if (event.type !== 'status' || !works || event.status.fetch?.ok !== true) return;
    try {
      confirm(library);
    } catch (error) {
      // Tried again with the next pass.
      works = false;
      return problem(`this version cannot be confirmed: ${(error as Error).message}`);
    }
    end();
    clearTimeout(timer);
  });
  const timer = setTimeout(
    () => {
      problem('this version could not confirm itself in time; the version before takes over');
      process.kill(process.pid, 'SIGTERM');
    },
    Math.max(0, deadline - Date.now()),
  );
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}
