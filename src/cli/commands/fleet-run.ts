import type { Task } from '../../fleet/run-on-hosts.ts';
import { renderOutputs } from '../../report/render-fleet-outputs.ts';
import { openFleetRun } from '../fleet-command.ts';
import type { Invocation } from '../invocation.ts';

/** Bytes of one host that are kept and shown. */
const mostOutput = 256 * 1024;

/** Runs one program on every host, and shows what it printed, once for all hosts where it is the same. */
export async function run(invocation: Invocation): Promise<number> {
  await using fleet = await openFleetRun(invocation, 'run');
  const task: Task = async (connection) => {
    const { exitCode, stdout, stderr } = await connection.run(invocation.arguments, {
      limit: mostOutput,
      timeout: fleet.timeout,
    });
    const output = stdout + stderr;
    if (exitCode === 0) return { verdict: 'converged', message: 'exit 0', output };
    const hint = exitCode === 127 ? asOneWord(invocation.arguments) : undefined;
    const message = exitCode === null ? 'ended by a signal' : `exit ${exitCode}`;
    return { verdict: 'error', message, ...(hint !== undefined && { hint }), output };
  };
  const hosts = await fleet.onHosts(fleet.targets, task, { isRepeatable: false });
  return fleet.finish(hosts, { revision: null, halted: null }, renderOutputs).exit;
}

/** What to do about a command line that came as one word, as other tools take it. */
const asOneWord = ([program = '', ...rest]: readonly string[]): string | undefined =>
  rest.length === 0 && /\s/.test(program)
    ? `no shell divides it into words: reconcile fleet run -- ${program}; with pipes and the like: -- sh -c '...'`
    : undefined;
