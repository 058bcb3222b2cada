import type { Report } from '../../model/report.ts';
import { paintFor } from '../../report/paint.ts';
import { renderReport } from '../../report/render-text.ts';
import { requireAgent } from '../ask-agent.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { writeJson } from '../run-output.ts';

/** Tells the agent to look again. With `--wait` the exit code is that of the run. */
export async function run(invocation: Invocation): Promise<number> {
  const wait = invocation.options['wait'] === true;
  const answer = (await requireAgent(invocation, { method: 'POST', path: '/now', body: { wait } })) as {
    readonly run: string;
    readonly report?: Report | null;
  };
  const { run: id, report } = answer;
  if (textOption(invocation, 'output') === 'json') writeJson(answer);
  else if (report) process.stdout.write(renderReport(report, paintFor(process.stdout), 'brief'));
  else process.stdout.write(wait ? `Run ${id} has ended without a report\n` : `The agent looks again, in run ${id}\n`);
  return report?.exit ?? 0;
}
