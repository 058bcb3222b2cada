import { hostname } from 'node:os';
import type { DeadmanAlert, DeadmanSettings } from '../model/deadman-settings.ts';
import type { Notice } from '../notify/notice.ts';
import type { Unsent } from './memory.ts';
import { noticeText } from './messages.ts';

/** Puts a message in line for every channel. An older one about the same that a channel never took is not sent any more. */
export function enqueue(unsent: readonly Unsent[], notices: readonly Notice[], { alerts }: DeadmanSettings): readonly Unsent[] {
  const kept = unsent.filter(
    ({ channel, notice }) => channel < alerts.length && !notices.some(({ subject }) => subject === notice.subject),
  );
  const added = notices.flatMap((notice) =>
    alerts.map((_alert, channel) => ({ channel, id: notice.id, text: noticeText(notice), notice })),
  );
  return [...kept, ...added];
}

/**
 * Sends what waits, to all channels at once, and gives what was not taken, with why; that is tried again at the next check. A channel
 * takes 13 seconds at most.
 */
export async function deliver(
  unsent: readonly Unsent[],
  { alerts }: DeadmanSettings,
): Promise<{ readonly unsent: readonly Unsent[]; readonly problems: readonly string[] }> {
  if (unsent.length === 0) return { unsent, problems: [] };
  const { channelName, send } = await import('../notify/send.ts');
  const done = await Promise.all(
    unsent.map(async (each) => {
      const alert = alerts[each.channel];
      if (!alert) return { each, problem: undefined };
      const channel = asChannel(alert);
      const message = {
        schema: 'reconcile.notification/1',
        id: each.id,
        host: hostname(),
        text: each.text,
        notices: [each.notice],
      } as const;
      const { problem } = await send(channel, message, new AbortController().signal);
      return { each, problem: problem === undefined ? undefined : `${channelName(channel)}: ${problem}` };
    }),
  );
  const failed = done.filter(({ problem }) => problem !== undefined);
  return { unsent: failed.map(({ each }) => each), problems: failed.map(({ problem }) => String(problem)) };
}

/** Everything a watchdog says is worth telling, once; its own cooldown has decided that. */
const always = { on: ['failure' as const], cooldown: '0s' };
const asChannel = (alert: DeadmanAlert) =>
  alert.type === 'command' ? { ...alert, argv: [...alert.argv], ...always } : { ...alert, ...always };
