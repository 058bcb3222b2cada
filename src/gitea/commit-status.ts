import * as z from 'zod';
import { failedPass } from '../model/agent.ts';
import { failureKey } from '../model/failure-key.ts';
import { isAboutRevision, isPostponed, quarantineOf, type Report } from '../model/report.ts';
import type { News } from '../model/reporter.ts';
import { printableLine } from '../report/printable.ts';
import { shorten } from '../report/shorten.ts';
import type { Gitea } from './client.ts';
import { GiteaError } from './gitea-error.ts';
import { recall } from './recall.ts';
import { refusedRevision } from '../model/refused-revision.ts';
import { isCommitId } from '../model/revision.ts';
import type { About, Subject } from './subject.ts';

/** What one host says of one commit. */
const saying = z.object({
  commit: z.string(),
  state: z.enum(['pending', 'success', 'error', 'failure']),
  description: z.string(),
  /** What went wrong. Gitea does not have it. */
  key: z.exactOptional(z.string()),
  /** Says only that what failed stays away: no news where a failure is told. */
  isEcho: z.exactOptional(z.literal(true)),
  /** Says only that no pass can be made: over with whatever comes next. */
  isOutage: z.exactOptional(z.literal(true)),
});
type Saying = z.infer<typeof saying>;

const remembered = z.object({
  /** Of what was told, and under which name. Earlier versions do not say it. */
  place: z.exactOptional(z.string()),
  waiting: z.array(saying),
  told: z.array(saying),
});
type Remembered = Omit<z.infer<typeof remembered>, 'place'>;
/** Commits that are remembered: enough for a branch that moves while Gitea is away. */
const most = { waiting: 10, told: 20 };
/** Of statuses, among which this host's newest is looked for. A row too many is no harm, thousands of requests are. */
const mostPages = 40;
const longestDescription = 140;

/** The commit status `reconcile/HOST`. One row for each thing that there is to say of a commit, never the same one twice. */
export function openCommitStatus(gitea: Gitea, { repository, place, host, memory }: About): Subject {
  const context = `reconcile/${host}`;
  const here = `${place} ${context}`;
  const recalled = (): Remembered => {
    const { waiting, told, place: where = here } = recall(memory, 'statuses', remembered) ?? { waiting: [], told: [] };
    return { waiting, told: where === here ? told : [] };
  };
  const remember = (next: Remembered): void => memory.set('statuses', { ...next, place: here });
  const without = (list: readonly Saying[], commit: string): Saying[] => list.filter((each) => each.commit !== commit);

  /** The newest row of this host; undefined when there is none. Refused for a commit that Gitea does not have. */
  const look = async (commit: string, signal: AbortSignal): Promise<Saying | undefined> => {
    const {
      rows: [newest],
    } = await gitea.statuses.newest(repository, commit, new Set([context]), signal, mostPages);
    return newest && saying.safeParse({ commit, state: newest.status, description: newest.description }).data;
  };

  const create = async ({ commit, state, description }: Saying, signal: AbortSignal): Promise<void> => {
    try {
      await gitea.statuses.create(repository, commit, { state, context, description }, signal);
    } catch (error) {
      // Gitea answers so for a commit that it does not have; only looking tells that from a failure that passes.
      if (error instanceof GiteaError && error.status === 500) await look(commit, signal);
      throw error;
    }
  };

  return {
    note(news) {
      for (const next of sayingsOf(news)) {
        const { waiting, told } = recalled();
        const before = waiting.find(({ commit }) => commit === next.commit) ?? told.find(({ commit }) => commit === next.commit);
        if (before && !isNew(next, before)) continue;
        remember({ waiting: [...without(waiting, next.commit), next].slice(-most.waiting), told });
      }
    },
    async deliver(signal) {
      let refusal: GiteaError | undefined;
      for (let next = recalled().waiting.at(-1); next; next = recalled().waiting.at(-1)) {
        const { commit } = next;
        let said = recalled().told.find((each) => each.commit === commit);
        try {
          said ??= await look(commit, signal);
          if (!said || isNew(next, said)) {
            await create(next, signal);
            said = next;
          }
        } catch (error) {
          if (!(error instanceof GiteaError) || !error.isRefusal) throw error;
          // It would be refused again; the next run of this commit says it anew.
          refusal = error;
        }
        const { waiting, told } = recalled();
        remember({
          waiting: waiting.filter((each) => !isSame(each, next)),
          told: said ? [...without(told, commit), said].slice(-most.told) : told,
        });
      }
      if (refusal) throw refusal;
    },
  };
}

/**
 * Whether it is worth a row. That a run begins says nothing once the end of one is known, and success is success, whatever the
 * run that found it had to do.
 */
function isNew(next: Saying, before: Saying): boolean {
  if (before.isOutage && !next.isOutage) return true;
  if (next.state === 'pending' && before.state !== 'pending') return false;
  if (next.isEcho && before.state === 'failure') return false;
  if (next.state !== before.state) return true;
  const isKnown = next.key !== undefined && before.key !== undefined;
  return isKnown ? next.key !== before.key : next.state !== 'success' && next.description !== before.description;
}

const isSame = (one: Saying, other: Saying): boolean =>
  one.commit === other.commit && one.state === other.state && one.description === other.description;

/** About the revision that was run, and the newest one where that is refused unseen. */
function sayingsOf(news: News): readonly Saying[] {
  if (news.type === 'applying') return saysOf(news.commit, 'pending', 'Applying');
  const failed = failedPass(news.status);
  if (failed && news.status.stalled !== null) return outage(news.status.revision.seen, `No pass can be made: ${failed.summary}`);
  const refused = refusedRevision(news.status);
  const ofRefused = refused ? saysOf(refused.commit, 'error', refused.why) : [];
  if (news.type === 'status') return ofRefused;
  const { revision, summary } = news.report;
  // What is in a working tree is not what the commit says.
  if (revision.workingTree) return ofRefused;
  const quarantine = quarantineOf(news.report);
  if (quarantine) {
    const kept = saysOf(revision.commit, 'failure', quarantine.message);
    return [...kept.map((saying) => ({ ...saying, isEcho: true as const })), ...ofRefused];
  }
  const state = stateOf(news.report);
  const text = news.report.action === 'check' ? `Only looked at: ${summary}` : summary;
  const said = state ? saysOf(revision.commit, state, text) : [];
  const key = state === 'failure' || news.report.outcome === 'error' ? { key: failureKey(news.report) } : {};
  return [...said.map((saying) => ({ ...saying, ...key })), ...ofRefused];
}

/** A failure that is told stays: it is not over with the pass that can be made again. */
const outage = (commit: string | null, text: string): readonly Saying[] =>
  saysOf(commit, 'error', text).map((saying) => ({ ...saying, isEcho: true, isOutage: true }));

function saysOf(commit: string | null, state: Saying['state'], text: string): readonly Saying[] {
  return isCommitId(commit) ? [{ commit, state, description: shorten(printableLine(text), longestDescription) }] : [];
}

/** Failure: something went wrong while the host was being changed. Error: before that, so that it is as it was. */
function stateOf(report: Report): Saying['state'] | undefined {
  if (isPostponed(report)) return 'pending';
  if (!isAboutRevision(report)) return undefined;
  const { action, outcome, writes } = report;
  switch (outcome) {
    case 'converged':
      // What was only looked at is not applied: other waves must not go on from it.
      return action === 'check' ? 'pending' : 'success';
    case 'rolledBack':
    case 'rollbackIncomplete':
      return 'failure';
    case 'error':
      return writes > 0 ? 'failure' : 'error';
    case 'refused':
    case 'invalid':
    case 'usage':
      return 'error';
    case 'upstreamPending':
    case 'driftOnly':
    case 'conflict':
      return 'pending';
    case 'busy':
      return undefined;
  }
}
