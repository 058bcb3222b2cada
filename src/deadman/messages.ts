import { hostname } from 'node:os';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { boundedTexts, type Notice } from '../notify/notice.ts';
import type { Look } from './look.ts';
import type { WatchAction, WatchState } from './step.ts';

type Tell = Extract<WatchAction, { readonly do: 'tell' }>;

/** What people are told about a change: what is so, why, and what to do. */
export function composeNotice(tell: Tell, state: WatchState, look: Look, settings: DeadmanSettings, at: Date): Notice {
  const { agent } = settings;
  const reasons = look.reasons.join('; ');
  const status = `reconcile deadman status ${agent}`;
  const texts = {
    well:
      look.verdict === 'alive'
        ? { title: `${agent} answers again, but not that it is well`, why: reasons, todo: `${status} shows how it goes` }
        : { title: `${agent} is well again`, why: '', todo: '' },
    dead: {
      title: `${agent} is dead`,
      why: `${state.misses} bad checks in a row: ${reasons}`,
      todo: `It is being restarted (${state.restarts.length} of ${settings.limits.max_restarts}); ${status} shows how it goes`,
    },
    'given-up': {
      title: `${agent} is dead, and the watchdog has given up`,
      why: `${state.restarts.length} restarts${state.rollbacks.length > 0 ? ' and a rollback' : ''} did not help: ${reasons}`,
      todo: `Look at it by hand; ${status}, then reconcile deadman reset ${agent}`,
    },
    sighted: { title: `the watchdog sees ${agent} again`, why: '', todo: '' },
    blind: { title: `the watchdog cannot see ${agent}`, why: reasons, todo: `Nothing is done as long as that is so; ${status}` },
    free: { title: `${hostname()} is no longer short of disk or swap`, why: '', todo: '' },
    heard: { title: `the reconciler on ${hostname()} runs again`, why: '', todo: '' },
    quiet: {
      title: `the reconciler on ${hostname()} has been quiet for ${hours(settings.limits.silence_note)} h`,
      why: 'its agent has not looked at the host, so that nobody repairs it or brings what is new',
      todo: 'On the host: reconcile doctor',
    },
    silent: {
      title: `the reconciler on ${hostname()} has been SILENT for ${hours(settings.limits.silence_alarm)} h`,
      why: 'its agent has not looked at the host, so that nobody repairs it or brings what is new',
      todo: 'Now, on the host: reconcile doctor',
    },
    works: { title: `everybody takes the messages of ${agent}'s watchdog again`, why: '', todo: '' },
    unheard: {
      title: `not everybody takes the messages of ${agent}'s watchdog`,
      why: `${state.condition === 'well' ? '' : `${agent} is ${state.condition}; `}some have waited for ${hours(settings.limits.unheard_after)} h`,
      todo: `${status} says how many; the log of the watchdog says why`,
    },
    test: {
      title: `test: this is how the watchdog of ${agent} on ${hostname()} would raise the alarm`,
      why: 'nothing has happened',
      todo: 'Whoever should have got this and did not is not told of a death either',
    },
    blocked: {
      title: `${hostname()} has been short of disk or swap for ${Math.round(settings.limits.blocked_after / 60_000)} minutes`,
      why: look.blocks.join('; '),
      todo: 'Make room; a restart does not help against that',
    },
  }[tell.value];
  const isOver = over.has(tell.value);
  return {
    id: `deadman-${agent}-${tell.subject}-${tell.value}-${at.getTime()}`,
    at: at.getTime(),
    topic: isOver ? 'recovery' : 'failure',
    state: isOver ? 'ended' : 'began',
    subject: `deadman ${agent}: ${tell.subject}`,
    ...boundedTexts(texts),
  };
}

const over = new Set<Tell['value']>(['well', 'sighted', 'free', 'heard', 'works', 'test']);
const hours = (milliseconds = 0): number => Math.round(milliseconds / 360_000) / 10;

/** The same for a small screen. */
export const noticeText = ({ title, why, todo }: Notice): string => [title, why, todo].filter((line) => line !== '').join('\n');
