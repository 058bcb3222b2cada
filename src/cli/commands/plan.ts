import { exitCodes } from '../../model/exit-code.ts';
import { reconcile } from '../../reconcile.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { requireOutFile, writeOutFile } from '../out-file.ts';
import type { PlanFile } from '../plan-file.ts';
import { makeRequest } from '../request.ts';
import { openRunOutput } from '../run-output.ts';

/** Writes down what a run would do. Exits 0 when the plan was written, also when it holds changes. */
export async function run(invocation: Invocation): Promise<number> {
  const file = textOption(invocation, 'out');
  if (!file) throw new ExitError('usage', 'plan needs -o FILE', 'reconcile plan -o plan.json');
  requireOutFile(file);
  // Everything is read: what people review and sign off must not rest on metadata, and a plan that is empty is one too.
  const { action: _check, ...request } = { ...(await makeRequest(invocation, 'check')), paranoid: true };
  const output = openRunOutput('text', invocation.options['diff'] === true ? 'full' : 'brief');
  const report = await reconcile({ action: 'check', showsPlan: true, ...request }, output.emit, invocation.signal);
  output.finish(report);
  const isPlan = report.planDigest !== null && report.exit <= exitCodes.conflict.code && report.exit !== exitCodes.error.code;
  if (!isPlan) return report.exit;
  const plan: PlanFile = { schema: 'reconcile.plan/1', request: { ...request, source: request.source.identity }, report };
  writeOutFile(file, `${JSON.stringify(plan, null, 2)}\n`);
  const waiting = report.steps.filter(
    (step) => step.cause === 'orphan' && step.outcome === 'held' && step.action === 'remove',
  ).length;
  const also = waiting > 0 ? `, and removes the ${waiting} that ${waiting === 1 ? 'waits' : 'wait'} for a person` : '';
  process.stderr.write(`Written to ${file}; reconcile apply ${file} does exactly this${also}.\n`);
  return exitCodes.converged.code;
}
