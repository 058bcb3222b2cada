import { paintFor } from '../../report/paint.ts';
import { renderReport } from '../../report/render-text.ts';
import { keptRuns } from '../../state/runs.ts';
import { cliError } from '../cli-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { withState } from '../open-runs.ts';
import { writeJson } from '../run-output.ts';

/** Shows the report of one run, by id, by a beginning of it, or `latest`. */
export async function run(invocation: Invocation): Promise<number> {
  const id = invocation.arguments[0]!;
  const matching = withState(invocation, ({ runs }) => {
    if (id === 'latest') return runs.list(1);
    const begun = runs.list(keptRuns).filter(({ run: each }) => each.startsWith(id));
    // Of runs within one second, the id of the first is the beginning of the others'.
    const whole = begun.filter(({ run: each }) => each === id);
    return whole.length > 0 ? whole : begun;
  });
  const [report] = matching;
  if (!report) throw cliError('usage', `no run has an id that begins with '${id}'`, 'reconcile history lists them');
  if (matching.length > 1) {
    const ids = matching.slice(0, 5).map(({ run: each }) => each);
    throw cliError(
      'usage',
      `${matching.length} runs have an id that begins with '${id}'`,
      `give more of it, such as ${ids.join(', ')}; reconcile history lists them`,
    );
  }
  if (textOption(invocation, 'output') === 'json') writeJson(report);
  else {
    const detail = invocation.options['diff'] === true ? 'full' : 'brief';
    process.stdout.write(renderReport(report, paintFor(process.stdout), detail));
  }
  return 0;
}
