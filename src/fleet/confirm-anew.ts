import type { Finding } from '../model/fleet.ts';
import { lastLines } from '../model/last-lines.ts';
import { printableLine } from '../report/printable.ts';
import type { Task } from './run-on-hosts.ts';

/**
 * Keeps a run that could have cut the host off. It waits for a connection that is made after it: the one over which it was asked for
 * proves nothing, so `anew` does the task over another. Where that cannot be, the host takes the run back by itself, and that is
 * the finding.
 */
export async function confirmAnew(finding: Finding, anew: (task: Task) => Promise<Finding | undefined>): Promise<Finding> {
  const { confirmation } = finding.report ?? {};
  // It may be the run of somebody who was cut off: who pushes the same again, with nothing left to do, has come through just as well.
  if (confirmation?.state !== 'waiting' || finding.verdict !== 'converged') return finding;
  const confirm: Task = async (connection, signal) => {
    const { exitCode, stderr } = await connection.run(['reconcile', 'confirm', confirmation.run], { signal });
    return exitCode === 0
      ? { verdict: 'converged', message: 'confirmed over a new connection' }
      : { verdict: 'error', message: printableLine(lastLines(stderr)) };
  };
  const end = await anew(confirm);
  if (end?.verdict === 'converged') return { ...finding, message: `${finding.message}; ${end.message}` };
  const because = confirmation.because.slice(0, 5).map((name) => printableLine(name));
  const until = printableLine(confirmation.until);
  return {
    ...finding,
    verdict: 'rolledBack',
    message: `the run could not be confirmed, so that the host takes it back at ${until}: ${end?.message ?? 'interrupted'}`,
    hint: `look which of these cuts the host off: ${because.join(', ')}`,
  };
}
