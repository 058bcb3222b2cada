import { setTimeout as sleep } from 'node:timers/promises';
import { timeLeft } from '../confirm/deadline.ts';
import { openLocalReader } from '../host/local-reader.ts';
import { readNow } from '../host/term.ts';
import type { Event } from '../model/event.ts';
import { healthFailure, type Report } from '../model/report.ts';
import type { Unconfirmed } from '../model/unconfirmed.ts';
import { takeLock } from '../state/lock.ts';
import { openState } from '../state/state.ts';
import { findWaiting, readUnconfirmed, removeUnconfirmed } from '../state/unconfirmed.ts';
import { confirmRun } from './confirm-run.ts';
import { takeBackUnconfirmed } from './take-back-unconfirmed.ts';

/** A firewall answers nothing at all. Milliseconds. */
const longestTry = 15_000;
/** Before the end of the time, so that what speaks against the run is known when the timer goes off. Milliseconds. */
const lead = 500;
/** Between two tries. Milliseconds. */
const pause = 1_000;

interface Waiting {
  readonly stateDirectory: string;
  /** Whether the remote answers, over a connection that is made for this. */
  reach(signal: AbortSignal): Promise<boolean>;
  /** Told of the run once it is confirmed, while no other can be at work. */
  accept(report: Report): Promise<void>;
  emit(event: Event): void;
}

/**
 * Confirms the run that waits as soon as its remote has answered and its health checks hold, and takes it back when its time is
 * over. Gives its report, or the one of the run that took it back, whoever that was; undefined where a person took it back, and
 * where the signal came first: then it goes on waiting for the next one who asks, and the timer goes on too.
 */
export async function awaitConfirmation(run: string, waiting: Waiting, signal: AbortSignal): Promise<Report | undefined> {
  const { stateDirectory, emit } = waiting;
  let confirmed: Report | undefined;
  const accept = async (): Promise<void> => {
    confirmed = reportOf(run, stateDirectory, ({ confirmation }) => confirmation?.state === 'confirmed');
    if (confirmed) await waiting.accept(confirmed);
  };
  let why: string | undefined;
  while (!signal.aborted) {
    const found = readUnconfirmed(stateDirectory);
    if (!found || found.run !== run) {
      using lock = takeLock(stateDirectory);
      if (lock) {
        await accept();
        return confirmed;
      }
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      continue;
    }
    if (found.takenBack !== undefined) {
      const report = learnTakenBack(found.takenBack, stateDirectory);
      if (report !== 'busy') return report;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const left = timeLeft(found, readNow());
    if (left === 0) {
      const report = await takeBackUnconfirmed(stateDirectory, emit, why);
      // Whoever comes next tries it again: the next run, or the timer.
      if (typeof report === 'object' && report.outcome === 'rollbackIncomplete') return report;
      if (typeof report === 'object') continue;
    } else {
      why = await findFault(found, Math.min(Math.max(left - lead, lead), longestTry), waiting, signal);
      if (why === undefined && !('refused' in (await confirmRun(stateDirectory, { run, accept })))) return confirmed;
    }
    await sleep(Math.min(pause, left || pause), undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/**
 * The run for which somebody who follows the remote has to ask `awaitConfirmation`: one that waits for it, or one that was taken
 * back while nobody followed. What a crash has left is for the next run to take back.
 */
export function findUnsettled(stateDirectory: string): string | undefined {
  const found = readUnconfirmed(stateDirectory);
  if (!found || found.takenBack !== undefined) return found?.run;
  using state = openState(stateDirectory, { readOnly: true });
  return found.by === 'remote' && state && findWaiting(state) ? found.run : undefined;
}

/** What speaks against it. */
async function findFault(
  { health }: Unconfirmed,
  limit: number,
  { reach }: Waiting,
  signal: AbortSignal,
): Promise<string | undefined> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(limit)]);
  const isReached = await reach(bounded).catch(() => false);
  if (!isReached) return 'the remote did not answer';
  if (health.length === 0) return undefined;
  const { checkHealth } = await import('../apply/health.ts');
  const checks = await checkHealth(health, openLocalReader({ root: undefined }), bounded).catch(() => undefined);
  return checks ? healthFailure(checks) : 'the health checks did not end in time';
}

function reportOf(run: string, stateDirectory: string, fits: (report: Report) => boolean): Report | undefined {
  using state = openState(stateDirectory, { readOnly: true });
  const report = state?.runs.get(run);
  return report && fits(report) ? report : undefined;
}

/** The report of the run that took it back. While a run is at work the note stays, and people would be told again: `busy`. */
function learnTakenBack(by: string, stateDirectory: string): Report | 'busy' | undefined {
  using lock = takeLock(stateDirectory);
  if (!lock) return 'busy';
  if (readUnconfirmed(stateDirectory)?.takenBack === by) removeUnconfirmed(stateDirectory);
  return reportOf(by, stateDirectory, () => true);
}
