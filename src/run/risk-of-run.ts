import type { Risk } from '../confirm/arm.ts';
import { milliseconds } from '../model/duration.ts';
import type { FullRun, PlannedHost } from './plan-host.ts';
import type { Run } from './start-run.ts';

/**
 * Whether the run could cut the host off from somebody, and who has to say that it did not. Undefined where there is nobody to be
 * cut off: neither a remote nor a session by SSH (ADR 0060).
 */
export async function riskOfRun(
  { request, scope }: Pick<FullRun, 'request' | 'scope'>,
  { id }: Run,
  { cutOffs, desired }: PlannedHost,
): Promise<Risk | undefined> {
  const { confirm_within: within } = desired.hostPolicy.limits;
  if (cutOffs.length === 0 || within === 'off') return undefined;
  // Loaded for those that need it: it takes Node's network.
  const { readConnection } = await import('../resources/ssh-doors.ts');
  const connection = readConnection(scope.reader);
  const others = desired.hostPolicy.remote ? 'remote' : undefined;
  const by = request.confirmedBy ?? (connection === undefined ? others : 'person');
  if (!by) return undefined;
  const from = by === 'person' && connection !== undefined && { connection };
  return { run: id, by, because: cutOffs, ...from, health: desired.catalog.health, within: milliseconds(within) };
}
