import { milliseconds } from '../../model/duration.ts';
import { printableLine } from '../../report/printable.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { longestSuspension, writeSuspension } from '../../state/suspension.ts';
import { askAgent, ownName } from '../ask-agent.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { requireOwnRuns } from '../open-runs.ts';
import { rootOption } from '../request.ts';

/** Has the host left alone for a while, whether an agent runs or not. */
export async function run(invocation: Invocation): Promise<number> {
  const length = textOption(invocation, 'for');
  const reason = textOption(invocation, 'reason')?.trim();
  const hint = 'reconcile suspend --for 2h --reason "disk is being replaced"';
  if (length === undefined) throw new ExitError('usage', 'suspend needs --for: for how long', hint);
  if (!/^[1-9]\d{0,9}[smhd]$/.test(length) || milliseconds(length) > longestSuspension)
    throw new ExitError('usage', `--for needs a time such as 30m, 2h or 7d, at most 365d, not '${length}'`, hint);
  if (!reason) throw new ExitError('usage', 'suspend needs --reason: others will ask', hint);
  if (reason.length > 1000) throw new ExitError('usage', '--reason has more than 1000 characters', 'say it shorter');

  requireOwnRuns(invocation);
  const by = ownName();
  const until = new Date(Date.now() + milliseconds(length)).toISOString();
  const answer = await askAgent(invocation, { method: 'POST', path: '/suspend', body: { for: length, reason, by } });
  if (answer === undefined) writeSuspension(stateDirectory(rootOption(invocation)), { reason, by, until });
  process.stdout.write(`Suspended until ${until.slice(0, 19)}Z: ${printableLine(reason)}; reconcile resume ends it\n`);
  return 0;
}
