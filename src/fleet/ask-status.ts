import type { AgentStatus } from '../model/agent.ts';
import type { Finding } from '../model/fleet.ts';
import { reportSchema } from '../report/report-schema.ts';
import { statusSchema } from '../report/status-schema.ts';
import type { Connection, RemoteResult } from './connection.ts';
import { textOver } from './http-over-stream.ts';
import { agentSocket, largestAnswer, parseAnswer, program, programError } from './visit.ts';

/**
 * What the agent of a host says of itself, asked without starting a process there where this account may open its socket; where
 * none runs, what the host's last run left.
 */
export async function askStatus(connection: Connection): Promise<Finding> {
  const socket = await connection.openSocket(agentSocket);
  if (socket) return describe(parseAnswer(statusSchema, await textOver(socket, '/api/v1/status', largestAnswer)));
  const ask = (...words: readonly string[]): Promise<RemoteResult> =>
    connection.run([program, ...words, '-o', 'json'], { limit: largestAnswer });
  // What has no socket for this account has one for root.
  const asked = await ask('status');
  if (asked.exitCode === 0) return describe(parseAnswer(statusSchema, asked.stdout));
  if (!/no agent runs/.test(asked.stderr)) throw programError(asked.exitCode, asked.stderr);
  const { exitCode, stdout, stderr } = await ask('show', 'latest');
  if (exitCode !== 0 && /no run/.test(stderr))
    return { verdict: 'upstreamPending', message: 'no agent runs there, and nothing was ever applied' };
  if (exitCode !== 0) throw programError(exitCode, stderr);
  const report = parseAnswer(reportSchema, stdout);
  return { verdict: report.outcome, message: `no agent runs there; the last run: ${report.summary}`, report };
}

/** The most pressing thing that an agent has to say. */
function describe(status: AgentStatus): Finding {
  const { suspended, stalled, retry, last } = status;
  const outcome = last?.outcome ?? 'upstreamPending';
  if (suspended)
    return { verdict: 'busy', message: `suspended until ${suspended.until} by ${suspended.by}: ${suspended.reason}`, status };
  if (stalled !== null) return { verdict: outcome === 'converged' ? 'error' : outcome, message: stalled, status };
  const again = retry ? `; tried again at ${retry.next}` : '';
  return { verdict: outcome, message: `${last?.summary ?? 'its agent has not applied anything yet'}${again}`, status };
}
