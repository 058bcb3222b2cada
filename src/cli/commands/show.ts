import { paintFor } from '../../report/paint.ts';
import { renderReport } from '../../report/render-text.ts';
import { cliError } from '../cli-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { withState } from '../open-runs.ts';
import { writeJson } from '../run-output.ts';

/** Shows the report of one run, by id, by a beginning of it, or `latest`. */
export async function run(invocation: Invocation): Promise<number> {
  const id = invocation.arguments[0]!;
  const report = withState(invocation, ({ runs }) => (id === 'latest' ? runs.list(1)[0] : runs.get(id)));
  if (!report)
    throw cliError('usage', `no run, or more than one, has an id that begins with '${id}'`, 'reconcile history lists them');
  if (textOption(invocation, 'output') === 'json') writeJson(report);
  else {
    const detail = invocation.options['diff'] === true ? 'full' : 'brief';
    process.stdout.write(renderReport(report, paintFor(process.stdout), detail));
  }
  return 0;
}
