import type { AgentStatus } from '../model/agent.ts';
import type { Finding } from '../model/fleet.ts';
import { statusSchema } from '../report/status-schema.ts';
import { ConnectionError, type Connection } from './connection.ts';
import { textOver } from './http-over-stream.ts';
import { agentSocket, largestAnswer, parseAnswer, program, programError } from './visit.ts';

/**
 * What the agent of a host says of itself, asked without starting a process there where this account may open its socket; where
 * none runs, what it and the runs have left.
 */
export async function askStatus(connection: Connection): Promise<Finding> {
  const socket = await connection.openSocket(agentSocket);
  if (socket) return describe(parseAnswer(statusSchema, await textOver(socket, '/api/v1/status', largestAnswer)));
  // What has no socket for this account has one for root.
  const { exitCode, stdout, stderr } = await connection.run([program, 'status', '-o', 'json'], { limit: largestAnswer });
  if (/no run is recorded in .*\n.*sudo/.test(stderr)) {
    const account = connection.target.user ?? 'an account that is not root';
    throw new ConnectionError('denied', `it was asked as ${account}, and root has a state there`, {
      hint: 'set ansible_become: true for it, or connect as root',
    });
  }
  const isAbsent = /no agent runs/.test(stderr);
  if (exitCode !== 0 && !isAbsent) throw programError(exitCode, stderr);
  // Earlier versions say nothing more than that.
  if (isAbsent && stdout === '')
    throw new ConnectionError('missing', 'no agent runs there, and its reconcile is too old to say how it stands', {
      hint: 'reconcile fleet bootstrap brings a host up to date',
    });
  return describe(parseAnswer(statusSchema, stdout));
}

/** The most pressing thing that there is to say. */
function describe(status: AgentStatus): Finding {
  const { suspended, stalled, retry, last, phase } = status;
  const outcome = last?.outcome ?? 'upstreamPending';
  if (suspended)
    return { verdict: 'busy', message: `suspended until ${suspended.until} by ${suspended.by}: ${suspended.reason}`, status };
  if (stalled !== null) return { verdict: outcome === 'converged' ? 'error' : outcome, message: stalled, status };
  if (phase === 'absent') {
    const left = last === null ? ', and nothing was ever applied' : `; the last run: ${last.summary}`;
    return { verdict: outcome, message: `no agent runs there${left}`, status };
  }
  const again = retry ? `; tried again at ${retry.next}` : '';
  return { verdict: outcome, message: `${last?.summary ?? 'its agent has not applied anything yet'}${again}`, status };
}
