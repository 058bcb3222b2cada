import { askStatus } from '../../fleet/ask-status.ts';
import { renderFleetStatus } from '../../report/render-fleet-status.ts';
import { openFleetRun } from '../fleet-command.ts';
import type { Invocation } from '../invocation.ts';

/** Shows where every host stands. */
export async function run(invocation: Invocation): Promise<number> {
  await using fleet = await openFleetRun(invocation, 'status');
  const outcomes = await fleet.onHosts(fleet.targets, askStatus, { isRepeatable: true });
  return fleet.finish(outcomes, { revision: null, halted: null }, renderFleetStatus).exit;
}
