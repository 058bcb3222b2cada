import { startSmall } from '../../agent/start-small.ts';
import { loadHostPolicy } from '../../host/host-policy.ts';
import { formatProblem } from '../../model/problem.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { rootOption, sourceOption } from '../request.ts';

/** Follows the repository until SIGTERM. Exits 0 when it was asked to end. */
export async function run(invocation: Invocation): Promise<number> {
  startSmall();
  const { runAgent } = await import('../../agent/run-agent.ts');
  const host = textOption(invocation, 'host');
  const root = rootOption(invocation);
  const { policy, problems } = loadHostPolicy();
  if (problems.length > 0)
    throw new ExitError('invalid', `the host policy has problems:\n${problems.map(formatProblem).join('\n')}`);
  const source = textOption(invocation, 'source') === undefined ? undefined : sourceOption(invocation);
  const place = { ...(host !== undefined && { host }), ...(root !== undefined && { root }) };
  await runAgent({ place, source, stateDirectory: stateDirectory(root), hostPolicy: policy }, invocation.signal);
  return 0;
}
