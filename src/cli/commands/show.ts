import { paintFor } from '../../report/paint.ts';
import { renderReport } from '../../report/render-text.ts';
import { keptRuns } from '../../state/runs.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { withState } from '../open-runs.ts';
import { writeJson } from '../run-output.ts';

/** Shows the report of one run, by id, by a beginning of it, or `latest`. */
export async function run(invocation: Invocation): Promise<number> {
  const id = invocation.arguments[0]!;
  const report = withState(invocation, ({ runs }) => {
    const found = id === 'latest' ? runs.list(1)[0] : runs.get(id);
    if (found) return found;
    const begun = runs.summaries(keptRuns).flatMap(({ run: each }) => (each.startsWith(id) ? [each] : []));
    if (begun.length === 0)
      throw new ExitError('usage', `no run has an id that begins with '${id}'`, 'reconcile history lists them');
    throw new ExitError(
      'usage',
      `${begun.length} runs have an id that begins with '${id}'`,
      `give more of it, such as ${begun.slice(0, 5).join(', ')}; reconcile history lists them`,
    );
  });
  if (textOption(invocation, 'output') === 'json') writeJson(report);
  else {
    const detail = invocation.options['diff'] === true ? 'full' : 'brief';
    process.stdout.write(renderReport(report, paintFor(process.stdout), detail));
  }
  return 0;
}
