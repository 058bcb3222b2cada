import { Cron } from 'croner';
import type { PolicyDocument } from '../model/document.ts';
import { milliseconds } from '../model/duration.ts';
import type { KeyPath } from '../model/located.ts';
import { didYouMean } from '../model/nearest.ts';
import { isDone } from '../model/plan.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';
import type { JudgeInput } from './judge-input.ts';

type Window = PolicyDocument['windows'][number];

/** What the windows say to a plan. */
interface Judged {
  readonly problems: readonly Problem[];
  /** Milliseconds since 1970 when all that keep it away are open next; undefined: none does, or not for long. */
  readonly opensAt?: number | undefined;
}

/**
 * Changes that nobody looks on at are made only while the windows of both policies are open. Checking goes on all the time, and a
 * run that began in a window ends in its own time. Windows that cannot be read close everything, whatever there is to do.
 */
export function judgeWindows({ plan, policy, policyAt, hostPolicy, unattended }: JudgeInput): Judged {
  const own = policy.windows.flatMap((window, index) => faultOf(window, '', (key) => policyAt?.(['windows', index, key])));
  const hosts = hostPolicy.agent.windows.flatMap((window) => faultOf(window, ' of the host policy', () => undefined));
  const problems = [...own, ...hosts];
  if (problems.length > 0 || !unattended) return { problems };
  if (plan.owed.length === 0 && !plan.steps.some(isDone)) return { problems: [] };
  const lists = [
    { windows: policy.windows, where: 'desired-state/policy.yaml', at: policyAt },
    { windows: hostPolicy.agent.windows, where: 'the host policy', at: undefined },
  ];
  const closed = lists.flatMap(({ windows, where, at }) => closedBecause(windows, where, at, unattended.now));
  if (closed.length === 0) return { problems: [] };
  const opensAt = nextOpening([policy.windows, hostPolicy.agent.windows], unattended.now);
  const when = opensAt === undefined ? 'it is made once a window is open' : `it may be made from ${minuteOf(opensAt)} on`;
  const hint = `${when}; \`reconcile\` by hand does it at once`;
  return { problems: closed.map((problem) => ({ ...problem, hint })), opensAt };
}

function closedBecause(
  windows: readonly Window[],
  where: string,
  at: ((path: KeyPath) => SourcePosition) | undefined,
  now: number,
): readonly Problem[] {
  const denied = windows.findIndex((window) => window.kind === 'deny' && isOpen(window, now));
  if (denied >= 0) {
    const position = at?.(['windows', denied]);
    const message = `a deny window of ${where} is open (${describe(windows[denied]!)})`;
    return [{ code: 'outside-window', message, ...(position && { at: position }) }];
  }
  const allowed = windows.filter(({ kind }) => kind === 'allow');
  if (allowed.length === 0 || allowed.some((window) => isOpen(window, now))) return [];
  const position = at?.(['windows']);
  const message = `no allow window of ${where} is open (${allowed.map(describe).join(', ')})`;
  return [{ code: 'outside-window', message, ...(position && { at: position }) }];
}

const minuteOf = (time: number): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')}Z`;

/** Steps that are looked ahead: what is further away is found when a later run is kept away. */
const mostSteps = 40;

/** When nothing is denied any more and every list that allows has a window open. */
function nextOpening(lists: readonly (readonly Window[])[], now: number): number | undefined {
  let time = now;
  for (let step = 0; step < mostSteps; step++) {
    const next = Math.max(...lists.map((windows) => leaves(windows, time)));
    if (next === time) return time;
    if (next === Infinity) return undefined;
    time = next;
  }
  return undefined;
}

/** The first time, from this one on, at which what closes the list at this one has ended. */
function leaves(windows: readonly Window[], time: number): number {
  const denied = windows.flatMap((window) => (window.kind === 'deny' ? (closesAt(window, time) ?? []) : []));
  if (denied.length > 0) return Math.max(...denied);
  const allowed = windows.filter(({ kind }) => kind === 'allow');
  if (allowed.length === 0 || allowed.some((window) => isOpen(window, time))) return time;
  return Math.min(...allowed.map((window) => cronOf(window).nextRun(new Date(time))?.getTime() ?? Infinity));
}

const describe = ({ schedule, duration, time_zone: zone }: Window): string => `${schedule} for ${duration}, ${zone}`;

const isOpen = (window: Window, now: number): boolean => closesAt(window, now) !== undefined;

/** Its duration after it has opened; undefined where that was longer ago, or is yet to come. */
function closesAt(window: Window, now: number): number | undefined {
  const length = milliseconds(window.duration);
  const since = cronOf(window)
    .nextRun(new Date(now - length))
    ?.getTime();
  return since !== undefined && since <= now ? since + length : undefined;
}

/** Reading one takes longer than asking it. */
const read = new WeakMap<Window, Cron>();

function cronOf(window: Window): Cron {
  const { schedule, time_zone: zone } = window;
  const cron = read.get(window) ?? new Cron(schedule, { timezone: zone, mode: '5-part' });
  read.set(window, cron);
  return cron;
}

function faultOf(window: Window, whose: string, at: (key: keyof Window) => SourcePosition | undefined): Problem[] {
  const { schedule, time_zone: zone } = window;
  const fault = (key: keyof Window, why: string, hint?: string): Problem[] => {
    const [message, position] = [`the window "${describe(window)}"${whose} ${why}`, at(key)];
    return [{ code: 'bad-schedule', message, ...(position && { at: position }), ...(hint !== undefined && { hint }) }];
  };
  if (!isTimeZone(zone))
    return fault('time_zone', 'names a time zone that does not exist', didYouMean(zone, Intl.supportedValuesOf('timeZone')));
  // What has other than five fields the library may take for a date.
  if (schedule.trim().split(/\s+/).length !== 5)
    return fault('schedule', 'cannot be read: expected 5 fields: minute, hour, day of month, month, day of week');
  try {
    // One that never opens looks like a freeze and is none, or keeps everything away.
    return cronOf(window).nextRun(new Date(0)) ? [] : fault('schedule', 'never opens');
  } catch (error) {
    return fault('schedule', `cannot be read: ${(error as Error).message}`);
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Date(0).toLocaleString('en', { timeZone: name }) !== '';
  } catch {
    return false;
  }
}
