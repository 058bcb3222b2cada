import { failedPass, type AgentStatus } from '../model/agent.ts';
import { digestOf } from '../model/json.ts';
import { printableLine } from '../report/printable.ts';
import { fenced } from './fenced.ts';
import type { KnownTrouble } from './known-trouble.ts';
import { refusedRevision } from '../model/refused-revision.ts';
import type { Trouble } from './run-trouble.ts';

const longestList = 4_000;

/** All that is wrong with a host, as one: passes that cannot be made, what runs found, revisions that are refused unseen, health checks that hold no longer, resources that somebody keeps changing. */
export function hostTrouble(
  known: KnownTrouble | undefined,
  refused: Trouble | undefined,
  status: AgentStatus,
): Trouble | undefined {
  const failed = failedPass(status);
  const troubles = [
    ...(failed && status.stalled !== null ? [passTrouble(failed)] : []),
    ...(refused ? [refused] : []),
    ...[known?.failed, known?.drift].filter((each) => each != null),
    ...healthTrouble(status.health),
    ...contestedTrouble(status.contested),
    ...(failed ? [] : stalledTrouble(status.stalled)),
  ];
  const [worst] = troubles;
  if (!worst) return undefined;
  return {
    key: digestOf(troubles.map(({ key }) => key)),
    title: worst.title,
    text: troubles.map(({ text }) => text).join('\n\n'),
  };
}

/** A remote that is away, or was not asked yet since the start, says nothing of what it had. */
export function refusedTrouble(before: Trouble | undefined, status: AgentStatus): Trouble | undefined {
  if (!status.fetch || status.fetch.state === 'offline') return before;
  const refused = refusedRevision(status);
  if (!refused) return undefined;
  const { commit, why, hint } = refused;
  const said = [why, ...(hint === undefined ? [] : [hint])].map(printableLine).join('\n');
  const text = `Commit ${commit} is not applied, and the host is kept as it was:\n\n${fenced(said, longestList)}`;
  return { key: digestOf({ refused: commit }), title: 'refuses a revision', text };
}

function healthTrouble(health: AgentStatus['health']): Trouble[] {
  if (health?.failure === undefined) return [];
  const said = fenced([health.failure, ...(health.failed ?? []).slice(1)].map(printableLine).join('\n'), longestList);
  const text = `What was applied has stopped working; nothing is taken back for it:\n\n${said}`;
  return [{ key: digestOf({ health: health.failed ?? [] }), title: 'is not well', text }];
}

function contestedTrouble(contested: readonly string[]): Trouble[] {
  if (contested.length === 0) return [];
  const list = fenced(contested.map(printableLine).join('\n'), longestList);
  return [
    {
      key: digestOf({ contested: [...contested].sort() }),
      title: 'has resources that somebody keeps changing',
      text: `Somebody or something on the host keeps changing these resources; they are not repaired for a while:\n\n${list}`,
    },
  ];
}

function passTrouble({ summary, hint }: NonNullable<ReturnType<typeof failedPass>>): Trouble {
  const said = [summary, ...(hint === undefined ? [] : [hint])].map(printableLine).join('\n');
  const text = `No pass can be made, and the host is left as it is:\n\n${fenced(said, longestList)}`;
  return { key: 'no pass', title: 'can neither apply nor repair anything', text };
}

function stalledTrouble(stalled: string | null): Trouble[] {
  if (stalled === null) return [];
  const why = fenced(printableLine(stalled), longestList);
  // The reason may count; that it has stopped is the news.
  return [{ key: 'stalled', title: 'has stopped trying', text: `The agent repeats itself no longer:\n\n${why}` }];
}
