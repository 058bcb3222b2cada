import { openLocalReader } from '../host/local-reader.ts';
import type { ReportedCheck } from '../model/report.ts';
import { takeLock } from '../state/lock.ts';
import { readStandingChecks } from '../state/standing-checks.ts';

/**
 * What the health checks of what stands on this host say now; none where it has none. Without the secrets of the repository nobody can take
 * them out of what a program printed: where there are some, only how it ended is told. Undefined where nobody knows which they are, and when
 * something fails while a run is at work, of another process too, that may be restarting it. Rejects when `signal` ends before.
 */
export async function askHealth(stateDirectory: string, signal: AbortSignal): Promise<readonly ReportedCheck[] | undefined> {
  const standing = readStandingChecks(stateDirectory);
  if (!standing) return undefined;
  const { checks, hasSecrets } = standing;
  if (checks.length === 0) return [];
  const { checkHealth } = await import('../apply/health.ts');
  const health = await checkHealth(checks, openLocalReader({ root: undefined }), signal, { quotes: !hasSecrets });
  if (health.every(({ ok }) => ok)) return health;
  using lock = takeLock(stateDirectory);
  return lock && health;
}
