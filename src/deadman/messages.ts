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
    well: { title: `${agent} is well again`, why: '', todo: '' },
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
    blocked: {
      title: `${hostname()} has been short of disk or swap for ${Math.round(settings.limits.blocked_after / 60_000)} minutes`,
      why: look.blocks.join('; '),
      todo: 'Make room; a restart does not help against that',
    },
  }[tell.value];
  const isOver = tell.value === 'well' || tell.value === 'sighted' || tell.value === 'free';
  return {
    id: `deadman-${agent}-${tell.subject}-${tell.value}-${at.getTime()}`,
    at: at.getTime(),
    topic: isOver ? 'recovery' : 'failure',
    state: isOver ? 'ended' : 'began',
    subject: `deadman ${agent}: ${tell.subject}`,
    ...boundedTexts(texts),
  };
}

/** The same for a small screen. */
export const noticeText = ({ title, why, todo }: Notice): string => [title, why, todo].filter((line) => line !== '').join('\n');
