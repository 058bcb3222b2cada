import { confirm, confirmBefore } from '../install/self-update.ts';
import { libraryOf } from '../install/library.ts';
import type { AgentPort } from '../model/agent.ts';

/**
 * A version on trial stays once it has reached the remote and found the host converged. Until then its time runs: the process ends when
 * it is over, and what starts next is the version before.
 */
export function superviseUpdate(port: AgentPort, problem: (message: string) => void, signal: AbortSignal): void {
  const library = libraryOf(process.argv[1] ?? '');
  const deadline = library === undefined ? undefined : confirmBefore(library);
  if (library === undefined || deadline === undefined) return;
  let hasConverged = false;
  const end = port.subscribe((event) => {
    // Where the newest revision may not be applied, to the last good one.
    if (event.type === 'finished') hasConverged = event.report.outcome === 'converged';
    if (event.type !== 'status' || !hasConverged || event.status.fetch?.ok !== true) return;
    end();
    clearTimeout(timer);
    confirm(library);
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
