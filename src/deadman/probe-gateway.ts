import { httpStatus } from '../host/http-status.ts';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { longestTimer } from '../model/duration.ts';
import type { Finding } from './probe.ts';

/** Who is asked for a name or a quota is alive, whatever the answer. */
const neverDeath: readonly number[] = [401, 403, 429];
/** The way there is gone: that says nothing about who stands at its end. */
const noWay: readonly unknown[] = ['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'];

/**
 * Asks the agent's gateway. Any answer below 400 is health; other answers below 500, and those of `ignore_statuses`, prove life
 * only; 5xx, silence for longer than `within`, and a closed port are bad.
 */
export async function probeGateway(gateway: NonNullable<DeadmanSettings['gateway']>): Promise<Finding> {
  const { url, within, ignore_statuses: ignored } = gateway;
  const signal = AbortSignal.timeout(Math.min(within, longestTimer));
  try {
    const status = await httpStatus(url, signal);
    if (status < 400) return { verdict: 'healthy' };
    const isAlive = status < 500 || neverDeath.includes(status) || ignored.includes(status);
    return { verdict: isAlive ? 'alive' : 'dead', reason: `the gateway answers ${status}` };
  } catch (error) {
    if (signal.aborted) return { verdict: 'dead', reason: `the gateway did not answer within ${within / 1_000} s` };
    const { code, message } = error as NodeJS.ErrnoException;
    if (noWay.includes(code)) return { verdict: 'blind', reason: `the gateway cannot be reached (${code})` };
    return { verdict: 'dead', reason: `the gateway does not answer (${code ?? message})` };
  }
}
