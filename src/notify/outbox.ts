import { randomUUID } from 'node:crypto';
import type { Channel } from '../model/host-policy-document.ts';
import { digestOf, isObject } from '../model/json.ts';
import type { Delivered, Memory, Recipient } from '../model/reporter.ts';
import type { Notice } from './notice.ts';
import { renderNotices } from './render-notices.ts';
import { channelName, send } from './send.ts';
import { nothingTold, type Told } from './weigh.ts';

/** What is known of one channel over restarts. */
interface ChannelRecord {
  readonly told: Told;
  /** Not yet delivered, oldest first. */
  readonly waiting: readonly Notice[];
  /** Notices that had to go because too many were waiting. */
  readonly dropped: number;
  /** Nothing is sent before this time: the other side asked for it. Milliseconds since 1970. */
  readonly notBefore: number;
  readonly lastSent: number;
  /** The daily moment whose digest was last queued. */
  readonly digested: number;
}

const unknown: ChannelRecord = { told: nothingTold, waiting: [], dropped: 0, notBefore: 0, lastSent: 0, digested: 0 };

const mostWaiting = 40;
/** What nobody has to get up for comes at most this often, several at once. Milliseconds. */
const routineGap = 60_000;
/** Milliseconds. */
const longestWait = 60 * 60_000;
const isRoutine = ({ topic, state }: Notice): boolean => state === 'happened' && (topic === 'change' || topic === 'drift');

/** One channel with what waits for it, which is delivered as one message. */
interface Outbox extends Recipient {
  readonly channel: Channel;
  /** Under which it is remembered. */
  readonly name: string;
  read(): ChannelRecord;
  /** Keeps notices until they are delivered, together with what makes sure that they are told only once. */
  add(notices: readonly Omit<Notice, 'id'>[], more: Partial<Pick<ChannelRecord, 'told' | 'digested'>>): void;
}

/** `earlier`: the channels before this one. One that goes to the same place has a memory of its own. */
export function openOutbox(
  channel: Channel,
  earlier: readonly Channel[],
  host: string,
  memory: Memory,
  now: () => number,
): Outbox {
  const same = earlier.filter((other) => nameOf(other) === nameOf(channel)).length;
  const name = same === 0 ? nameOf(channel) : `${nameOf(channel)}#${same + 1}`;
  const read = (): ChannelRecord => {
    const value = memory.get(name);
    return isObject(value) ? { ...unknown, ...(value as Partial<ChannelRecord>) } : unknown;
  };
  const change = (members: Partial<ChannelRecord>): void => memory.set(name, { ...read(), ...members });

  const sendWaiting = async (signal: AbortSignal): Promise<Delivered> => {
    const { waiting, dropped, notBefore, lastSent } = read();
    const time = now();
    // A clock that was set back must not silence it for longer than anybody may ask for.
    const isAsked = time < notBefore && notBefore - time <= longestWait;
    const isTooSoon = time < lastSent + routineGap && time >= lastSent;
    if (waiting.length === 0) return {};
    if (isAsked) return { dueAt: notBefore };
    if (isTooSoon && waiting.every(isRoutine)) return { dueAt: lastSent + routineGap };
    // With something new in it, it is another message.
    const { id } = waiting.at(-1)!;
    const text = renderNotices(host, waiting, dropped, time);
    const result = await send(channel, { schema: 'reconcile.notification/1', id, host, text, notices: waiting }, signal);
    if (result.problem !== undefined) {
      const dueAt = result.retryAfter === undefined ? 0 : now() + Math.min(result.retryAfter, longestWait);
      if (dueAt !== 0) change({ notBefore: dueAt });
      const left = `${read().waiting.length} kept for ${channelName(channel)} and tried again by itself`;
      return { problem: `${channelName(channel)}: ${result.problem} (${left})`, dueAt };
    }
    const sent = new Set(waiting.map((notice) => notice.id));
    const after = read();
    change({
      waiting: after.waiting.filter((notice) => !sent.has(notice.id)),
      dropped: Math.max(0, after.dropped - dropped),
      lastSent: now(),
      notBefore: 0,
    });
    return {};
  };
  return {
    channel,
    name,
    read,
    add(notices, more) {
      const { waiting, dropped } = read();
      const all = [...waiting, ...notices.map((notice) => ({ id: randomUUID(), ...notice }))];
      const tooMany = Math.max(0, all.length - mostWaiting);
      change({ ...more, waiting: all.slice(tooMany), dropped: dropped + tooMany });
    },
    async deliver(signal) {
      try {
        return await sendWaiting(signal);
      } catch (error) {
        return { problem: `what ${channelName(channel)} was told cannot be remembered: ${(error as Error).message}` };
      }
    },
  };
}

/** Where it goes, not how often: a changed cooldown must not make it forget. */
const nameOf = (channel: Channel): string => `channel ${digestOf([channel.type, ...addressOf(channel)]).slice(0, 16)}`;

function addressOf(channel: Channel): readonly string[] {
  switch (channel.type) {
    case 'telegram':
      return [channel.api, channel.chat_id];
    case 'webhook':
      return [channel.url];
    case 'command':
      return channel.argv;
  }
}
