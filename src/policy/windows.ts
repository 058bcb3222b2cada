import { Cron } from 'croner';
import type { PolicyDocument } from '../model/document.ts';
import { milliseconds } from '../model/duration.ts';
import type { KeyPath } from '../model/located.ts';
import { isDone } from '../model/plan.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';
import type { JudgeInput } from './judge-input.ts';

type Window = PolicyDocument['windows'][number];

/**
 * Changes that nobody looks on at are made only while the windows of both policies are open. Checking goes on all the time, and a
 * run that began in a window ends in its own time. Windows that cannot be read close everything, whatever there is to do.
 */
export function judgeWindows({ plan, policy, policyAt, hostPolicy, unattended }: JudgeInput): readonly Problem[] {
  const own = policy.windows.flatMap((window, index) => faultOf(window, policyAt?.(['windows', index])));
  const hosts = hostPolicy.agent.windows.flatMap((window) => faultOf(window, undefined));
  const problems = [...own, ...hosts];
  if (problems.length > 0 || !unattended) return problems;
  if (plan.owed.length === 0 && !plan.steps.some(isDone)) return [];
  const lists = [
    { windows: policy.windows, where: 'desired-state/policy.yaml', at: policyAt },
    { windows: hostPolicy.agent.windows, where: 'the host policy', at: undefined },
  ];
  return lists.flatMap(({ windows, where, at }) => closedBecause(windows, where, at, unattended.now));
}

function closedBecause(
  windows: readonly Window[],
  where: string,
  at: ((path: KeyPath) => SourcePosition) | undefined,
  now: number,
): readonly Problem[] {
  const hint = 'it is made once a window is open; `reconcile` by hand does it at once';
  const denied = windows.findIndex((window) => window.kind === 'deny' && isOpen(window, now));
  if (denied >= 0) {
    const position = at?.(['windows', denied]);
    const message = `a deny window of ${where} is open (${describe(windows[denied]!)})`;
    return [{ code: 'outside-window', message, hint, ...(position && { at: position }) }];
  }
  const allowed = windows.filter(({ kind }) => kind === 'allow');
  if (allowed.length === 0 || allowed.some((window) => isOpen(window, now))) return [];
  const position = at?.(['windows']);
  const message = `no allow window of ${where} is open (${allowed.map(describe).join(', ')})`;
  return [{ code: 'outside-window', message, hint, ...(position && { at: position }) }];
}

const describe = ({ schedule, duration, time_zone: zone }: Window): string => `${schedule} for ${duration}, ${zone}`;

/** Whether it opened at most its duration ago. */
function isOpen(window: Window, now: number): boolean {
  const since = cronOf(window).nextRun(new Date(now - milliseconds(window.duration)));
  return since !== null && since.getTime() <= now;
}

const cronOf = ({ schedule, time_zone: zone }: Window): Cron => new Cron(schedule, { timezone: zone, mode: '5-part' });

function faultOf(window: Window, at: SourcePosition | undefined): Problem[] {
  try {
    cronOf(window).nextRun(new Date(0));
    return [];
  } catch (error) {
    const message = `the window "${describe(window)}" cannot be read: ${(error as Error).message}`;
    return [{ code: 'bad-schedule', message, ...(at && { at }) }];
  }
}
