import type { AgentStatus } from '../model/agent.ts';
import type { Channel } from '../model/host-policy-document.ts';
import { isObject } from '../model/json.ts';
import type { Report } from '../model/report.ts';
import type { Memory, News, Reporter } from '../model/reporter.ts';
import { shorten } from '../report/shorten.ts';
import { situationAfter } from './conditions.ts';
import { dueDigest } from './digest-times.ts';
import { makeDigest } from './make-digest.ts';
import type { Condition } from './notice.ts';
import { openOutbox } from './outbox.ts';
import { renderDigest } from './render-digest.ts';
import { weigh } from './weigh.ts';

export interface Notifier extends Reporter {
  /**
   * Keeps the daily digest for every channel whose time has come and that has not had it, and says whether there is one; call it at
   * `nextDigest` and at the start. `reports`: those of the last day, others are left out; asked for a digest. Throws as `note` does.
   */
  noteDigest(status: AgentStatus, reports: () => readonly Report[]): boolean;
}

const openConditions = 'open';
const knownChannels = 'channels';
const longestDigest = 3_600;

/**
 * Tells people about changes of state: what begins and what ends, not what goes on. What was told and what could not be
 * delivered is in `memory`, so that a restart tells nothing twice; a message that is cut off between its delivery and the note
 * of it comes again under the same id. `now`: milliseconds since 1970.
 */
export function openNotifier(options: {
  readonly channels: readonly Channel[];
  readonly host: string;
  readonly memory: Memory;
  readonly now: () => number;
}): Notifier {
  const { channels, host, memory, now } = options;
  const outboxes = channels.map((channel, index) => openOutbox(channel, channels.slice(0, index), host, memory, now));

  /** What one was to be told that the host policy does not name any more is old when it names it again. */
  const forgetOthers = (): void => {
    const stored = memory.get(knownChannels);
    const before = Array.isArray(stored) ? stored.map(String) : [];
    const names = outboxes.map(({ name }) => name);
    if (before.join() === names.join()) return;
    for (const gone of before.filter((each) => !names.includes(each))) memory.set(gone, undefined);
    memory.set(knownChannels, names);
  };
  const note = (news: News): void => {
    if (news.type === 'applying') return;
    forgetOthers();
    const stored = memory.get(openConditions);
    const before = Array.isArray(stored) ? (stored.filter(isObject) as unknown as readonly Condition[]) : [];
    const situation = situationAfter(news, before, now());
    const { open } = situation;
    // First what is so: if this is cut off, the next news finds what was not told, and no end of what goes on.
    if (JSON.stringify(open) !== JSON.stringify(before)) memory.set(openConditions, open);
    for (const { channel, read, add } of outboxes) {
      const { told } = read();
      const weighed = weigh(situation, told, channel, now());
      if (weighed.notices.length > 0 || JSON.stringify(weighed.told) !== JSON.stringify(told))
        add(weighed.notices, { told: weighed.told });
    }
  };
  return {
    name: 'notify',
    note,
    recipients: outboxes,
    noteDigest(status, reports) {
      let found: readonly Report[] | undefined;
      for (const { channel, read, add } of outboxes) {
        const due = dueDigest(channel, read().digested, now());
        if (due === undefined) continue;
        found ??= reports();
        const digest = makeDigest({ host, reports: found, status, ...due });
        const [title = '', ...rest] = renderDigest(digest).trimEnd().split('\n');
        const texts = { title, why: shorten(rest.join('\n'), longestDigest), todo: '' };
        add([{ at: due.until, topic: 'digest', state: 'happened', subject: 'digest', ...texts }], { digested: due.until });
      }
      return found !== undefined;
    },
  };
}
