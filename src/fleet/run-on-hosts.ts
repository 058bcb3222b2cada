import { setTimeout as pause } from 'node:timers/promises';
import type { Finding, FleetEvent, HostOutcome, Target } from '../model/fleet.ts';
import { printableLine } from '../report/printable.ts';
import { ConnectionError, type Connect, type Connection } from './connection.ts';
import { ExitError } from '../model/exit-error.ts';
import { inParallel } from './in-parallel.ts';
import { OwnFault, ownFaultOf } from './own-fault.ts';
import { untilAborted } from './until-aborted.ts';

/**
 * What is done on each host. Rejects with a `ConnectionError` when the host does not play along; an `OwnFault` ends the command;
 * whatever else it rejects with is an `error` of that host.
 */
export type Task = (connection: Connection, signal: AbortSignal) => Promise<Finding>;

interface Course {
  readonly connect: Connect;
  /** Hosts at the same time. */
  readonly forks: number;
  /** Milliseconds that one host may take. */
  readonly timeout: number;
  /** Milliseconds in which a host that does not answer is tried again. */
  readonly patience: number;
  /** Whether the task may be done again when the connection was lost meanwhile. */
  readonly isRepeatable: boolean;
  readonly wave?: string;
  readonly emit: (event: FleetEvent) => void;
  /** Ends the command for what is wrong on this machine: aborts `signal` with it. */
  readonly end: (fault: OwnFault) => void;
  readonly signal: AbortSignal;
}

/** Milliseconds before the second try; doubled each time. */
const firstPause = 500;
const longestPause = 15_000;

/**
 * Does the task on every target and gives one outcome each, in the order of the targets. No host can fail another: whatever one
 * does, or does not do in time, is its own outcome, and so is what goes wrong here for it alone; when `signal` ends, hosts that are not
 * done are `halted`.
 */
export async function runOnHosts(targets: readonly Target[], task: Task, course: Course): Promise<readonly HostOutcome[]> {
  const outcomes = new Map<string, HostOutcome>();
  await inParallel(targets, course.forks, async (target) => {
    const outcome = course.signal.aborted ? untouched(target, course) : await doOn(target, task, course);
    outcomes.set(target.name, outcome);
    course.emit({ type: 'host-finished', outcome });
  });
  return targets.flatMap(({ name }) => outcomes.get(name) ?? []);
}

async function doOn(target: Target, task: Task, course: Course): Promise<HostOutcome> {
  const began = performance.now();
  const limit = AbortSignal.timeout(course.timeout);
  const signal = AbortSignal.any([course.signal, limit]);
  let attempt = 0;
  let silentSince = began;
  let last: ConnectionError | undefined;
  const finish = (finding: Finding): HostOutcome => ({
    host: target.name,
    ...finding,
    attempts: attempt,
    duration: Math.round(performance.now() - began),
    ...(course.wave !== undefined && { wave: course.wave }),
  });
  for (;;) {
    attempt++;
    course.emit({ type: 'connecting', host: target.name, attempt });
    const tried = performance.now();
    let hasConnected = false;
    try {
      await using connection = await connectInTime(target, course, signal);
      hasConnected = true;
      // A host that hangs is left: its connection is closed, whatever still waits for it.
      return finish(await untilAborted(task(connection, signal), signal));
    } catch (thrown) {
      if (course.signal.aborted) return finish(interrupted(hasConnected, course));
      if (limit.aborted) return finish(tooSlow(course.timeout, hasConnected, last));
      const error = thrown instanceof ConnectionError ? thrown : ownFaultOf(thrown);
      if (!error) return finish(failed(thrown));
      if (error instanceof ConnectionError) last = error;
      // Who was at work until now was not silent.
      if (hasConnected && (attempt === 1 || performance.now() - tried > course.patience)) silentSince = performance.now();
      const wait = Math.min(longestPause, firstPause * 2 ** (attempt - 1));
      const mayTryAgain = error.isPassing && (course.isRepeatable || !hasConnected);
      if (!mayTryAgain || performance.now() - silentSince + wait > course.patience) {
        if (error instanceof ConnectionError) return finish(absent(error));
        course.end(error);
        return finish(interrupted(hasConnected, course));
      }
      const until = new Date(Date.now() + wait).toISOString();
      course.emit({ type: 'waiting', host: target.name, message: error.message, until });
      await pause(wait, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function connectInTime(target: Target, { connect }: Course, signal: AbortSignal): Promise<Connection> {
  const opening = connect(target, signal);
  try {
    return await untilAborted(opening, signal);
  } catch (error) {
    // It may still come, and nobody waits for it any more.
    opening.then((late) => late[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  }
}

const absent = ({ absence, message, hint }: ConnectionError): Finding => ({
  verdict: absence,
  message,
  ...(hint !== undefined && { hint }),
});

const failed = (thrown: unknown): Finding => ({
  verdict: 'error',
  message: printableLine(thrown instanceof Error ? thrown.message : String(thrown)),
  ...(thrown instanceof ExitError && thrown.hint !== undefined && { hint: thrown.hint }),
});

/** Why hosts are not done. */
const reasonOf = ({ reason }: AbortSignal): string =>
  reason instanceof OwnFault ? reason.message : 'the command was interrupted';

const untouched = ({ name }: Target, { wave, signal }: Course): HostOutcome => ({
  host: name,
  verdict: 'halted',
  message: `not begun: ${reasonOf(signal)}`,
  attempts: 0,
  duration: 0,
  ...(wave !== undefined && { wave }),
});

const interrupted = (hasConnected: boolean, { isRepeatable, signal }: Course): Finding => ({
  verdict: 'halted',
  message: `${reasonOf(signal)}${hasConnected ? ' while the host was at work' : ''}`,
  ...(hasConnected && {
    hint: isRepeatable ? 'the host finishes its run or takes it back: reconcile fleet status' : 'what was begun there may go on',
  }),
});

/** `last`: what the try before ended with. */
function tooSlow(timeout: number, hasConnected: boolean, last: ConnectionError | undefined): Finding {
  const time = `${timeout / 1000} s`;
  if (hasConnected)
    return {
      verdict: 'slow',
      message: `it did not end within ${time}`,
      hint: 'what it was told goes on over there, or was taken back: reconcile fleet status; --timeout gives it longer',
    };
  if (!last) return { verdict: 'unreachable', message: `no connection within ${time}` };
  return { ...absent(last), message: `${last.message}; tried again until ${time} had passed` };
}
