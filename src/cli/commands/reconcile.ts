import { reconcile } from '../../reconcile.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { awaitsRemote } from '../../model/unconfirmed.ts';
import { makeRequest } from '../request.ts';
import { openRunOutput } from '../run-output.ts';

/** Converges the host, or with `--check` only shows what would change. */
export async function run(invocation: Invocation): Promise<number> {
  const { options, signal } = invocation;
  const output = openRunOutput(textOption(invocation, 'output'), options['diff'] === true ? 'full' : 'brief');
  const isCheck = options['check'] === true;
  const request = await makeRequest(invocation, isCheck ? 'check' : 'converge', isCheck);
  let report = await reconcile(request, output.emit, signal);
  if (awaitsRemote(report)) report = await (await import('../settle-run.ts')).settleRun(invocation, request, report, output.emit);
  output.finish(report);
  return report.exit;
}
