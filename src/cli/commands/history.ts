import type { Report } from '../../model/report.ts';
import { paintFor } from '../../report/paint.ts';
import { renderHistory } from '../../report/render-history.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { otherRuns, readState } from '../open-runs.ts';
import { rootOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Lists the runs that are kept, newest first. */
export async function run(invocation: Invocation): Promise<number> {
  const limit = textOption(invocation, 'limit') ?? '20';
  if (!/^[1-9]\d{0,5}$/.test(limit)) throw new ExitError('usage', `--limit needs a number from 1, not '${limit}'`);
  using state = readState(invocation);
  const format = textOption(invocation, 'output');
  const reports = (): readonly Report[] => state?.runs.list(Number(limit)) ?? [];
  if (format === 'json') writeJson(reports());
  else if (format === 'ndjson')
    process.stdout.write(
      reports()
        .map((report) => `${JSON.stringify(report)}\n`)
        .join(''),
    );
  else if (state) process.stdout.write(renderHistory(state.runs.summaries(Number(limit)), paintFor(process.stdout)));
  else process.stdout.write(`No run is recorded in ${stateDirectory(rootOption(invocation))}; ${otherRuns(invocation)}\n`);
  return 0;
}
