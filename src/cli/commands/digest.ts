import { hostname } from 'node:os';
import type { AgentStatus } from '../../model/agent.ts';
import { milliseconds } from '../../model/duration.ts';
import { makeDigest } from '../../notify/make-digest.ts';
import { renderDigest } from '../../notify/render-digest.ts';
import { keptRuns } from '../../state/runs.ts';
import { askAgent } from '../ask-agent.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { readState, requireOwnRuns } from '../open-runs.ts';
import { writeJson } from '../run-output.ts';

/** Sums up the recorded runs of the last hours, as the agent's daily message does; how it stands now is asked of the agent, if one runs. */
export async function run(invocation: Invocation): Promise<number> {
  const length = textOption(invocation, 'since') ?? '24h';
  if (!/^[1-9]\d{0,5}(ms|s|m|h|d)$/.test(length))
    throw new ExitError('usage', `--since needs a duration such as 24h or 7d, not '${length}'`);
  requireOwnRuns(invocation);
  const until = Date.now();
  using state = readState(invocation);
  const reports = state?.runs.briefs(keptRuns) ?? [];
  const status = (await askAgent(invocation, { method: 'GET', path: '/api/v1/status' })) as AgentStatus | undefined;
  const host = status?.host ?? reports[0]?.host ?? hostname();
  const digest = makeDigest({ host, reports, status, since: until - milliseconds(length), until });
  if (textOption(invocation, 'output') === 'json') writeJson(digest);
  else process.stdout.write(renderDigest(digest));
  return 0;
}
