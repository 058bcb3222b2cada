import type { AgentStatus } from '../model/agent.ts';
import type { Channel } from '../model/host-policy-document.ts';
import { isObject } from '../model/json.ts';
import type { Report } from '../model/report.ts';
import type { Memory, News, Reporter } from '../model/reporter.ts';
import { situationAfter } from './conditions.ts';
import { dueDigest } from './digest-times.ts';
import { makeDigest } from './make-digest.ts';
import { shorten, type Condition } from './notice.ts';
import { openOutbox, type Outbox } from './outbox.ts';
import { renderDigest } from './render-digest.ts';
import { channelName } from './send.ts';
import { weigh } from './weigh.ts';

export interface Notifier extends Reporter {
  /**
   * Sends the daily digest to every channel whose time has come and that has not had it; call it at `nextDigest` and at the
   * start. `reports`: those of the last day, others are left out. Never rejects.
   */
  digest(status: AgentStatus, reports: readonly Report[], signal: AbortSignal): Promise<{ readonly problem?: string }>;
}

const openConditions = 'open';
const day = 24 * 60 * 60_000;
const longestDigest = 3_600;
/** `status.contested` has one per resource; more than this would push everything else out of the outbox. */
const mostConditions = 20;

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
  const outboxes = channels.map((channel) => openOutbox(channel, host, memory, now));

  const remember = (news: News): void => {
    const stored = memory.get(openConditions);
    const before = Array.isArray(stored) ? (stored.filter(isObject) as unknown as readonly Condition[]) : [];
    const situation = situationAfter(news, before, now());
    const open = situation.open.slice(0, mostConditions);
    // First what is so: if this is cut off, the next news finds what was not told, and no end of what goes on.
    if (JSON.stringify(open) !== JSON.stringify(before)) memory.set(openConditions, open);
    for (const { channel, read, add } of outboxes) {
      const { told } = read();
      const weighed = weigh({ ...situation, open }, told, channel, now());
      if (weighed.notices.length > 0 || JSON.stringify(weighed.told) !== JSON.stringify(told))
        add(weighed.notices, { told: weighed.told });
    }
  };
  return {
    name: 'notify',
    tell: (news, signal) => withProblem(() => (news.type === 'applying' ? [] : (remember(news), outboxes)), signal),
    digest: (status, reports, signal) =>
      withProblem(() => {
        for (const { channel, read, add } of outboxes) {
          const due = dueDigest(channel, read().digested, now());
          if (due === undefined) continue;
          const digest = makeDigest({ host, reports, status, since: due - day, until: due });
          const [title = '', ...rest] = renderDigest(digest).trimEnd().split('\n');
          const texts = { title, why: shorten(rest.join('\n'), longestDigest), todo: '' };
          add([{ at: due, topic: 'digest', state: 'happened', subject: 'digest', ...texts }], { digested: due });
        }
        return outboxes;
      }, signal),
  };
}

/** Does what is to be done first, sends what waits, and gathers what went wrong. */
async function withProblem(first: () => readonly Outbox[], signal: AbortSignal): Promise<{ readonly problem?: string }> {
  try {
    const answers = await Promise.all(first().map(async (outbox) => reported(outbox, await outbox.flush(signal))));
    const problems = answers.filter((answer) => answer !== undefined);
    return problems.length === 0 ? {} : { problem: problems.join('; ') };
  } catch (error) {
    return { problem: `what was told cannot be remembered, so nothing is sent: ${(error as Error).message}` };
  }
}

function reported({ channel, read }: Outbox, problem: string | undefined): string | undefined {
  if (problem === undefined) return undefined;
  const { waiting } = read();
  return `${problem} (${waiting.length} kept for ${channelName(channel)} and tried with the next news)`;
}
