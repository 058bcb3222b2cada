import type { AgentStatus } from '../../model/agent.ts';
import { longestTimer } from '../../model/duration.ts';
import { exitCodes } from '../../model/exit-code.ts';
import type { Report } from '../../model/report.ts';
import { paintFor } from '../../report/paint.ts';
import { printableLine } from '../../report/printable.ts';
import { renderReport } from '../../report/render-text.ts';
import { requireAgent } from '../ask-agent.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { writeJson } from '../run-output.ts';

/** Tells the agent to look again. With `--wait` the exit code is that of the run, or says that it was not one on the newest revision. */
export async function run(invocation: Invocation): Promise<number> {
  const wait = invocation.options['wait'] === true;
  const answer = (await requireAgent(invocation, {
    method: 'POST',
    path: '/now',
    body: { wait },
    ...(wait && { within: longestTimer }),
  })) as { readonly run: string; readonly report?: Report | null; readonly status?: AgentStatus };
  const { run: id, report, status } = answer;
  const lack = status && lackOf(report ?? null, status);
  if (textOption(invocation, 'output') === 'json') writeJson(answer);
  else if (report) process.stdout.write(renderReport(report, paintFor(process.stdout), 'brief'));
  else process.stdout.write(status ? `Run ${id} has ended without a report\n` : `The agent looks again, in run ${id}\n`);
  if (lack) process.stderr.write(`reconcile: ${printableLine(lack.message)}\n`);
  if (lack?.hint !== undefined) process.stderr.write(`hint: ${printableLine(lack.hint)}\n`);
  return report?.exit || (lack?.exit ?? exitCodes.converged.code);
}

interface Lack {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly exit: number;
}

/** Why the host is not proved to be as the newest revision says; undefined: it is, or its report says why not. */
function lackOf(report: Report | null, { phase, fetch, revision: { seen }, last, waitsFor }: AgentStatus): Lack | undefined {
  if (fetch?.ok === false)
    return { message: fetch.message, exit: exitCodes[fetch.state === 'offline' ? 'error' : 'refused'].code };
  if (!report && phase === 'stopping') return { message: 'the agent ends', exit: exitCodes.error.code };
  const commit = report?.revision.commit;
  if (report && (report.exit !== exitCodes.converged.code || seen === null || commit === null || commit === seen))
    return undefined;
  const what = seen?.slice(0, 8) ?? 'the newest revision';
  // Others come first, as the repository says.
  if (waitsFor !== null) return { message: `${what} ${waitsFor}`, exit: exitCodes.converged.code };
  if (!report) {
    if (last && last.outcome !== 'converged')
      return { message: last.summary, hint: last.hint, exit: exitCodes[last.outcome].code };
    return { message: fetch?.message ?? 'there is nothing to run', exit: exitCodes.refused.code };
  }
  const { outcome, summary } = last ?? { outcome: 'refused', summary: 'it may not be' };
  return { message: `${what} is not applied here: ${summary}`, exit: exitCodes[outcome].code || exitCodes.refused.code };
}
