import * as z from 'zod';
import type { GiteaPolicy } from '../model/host-policy-document.ts';
import type { Report } from '../model/report.ts';
import type { Memory } from '../model/reporter.ts';
import { isCommitId } from '../model/revision.ts';
import type { Pull } from './answers.ts';
import type { Gitea } from './client.ts';
import { GiteaError } from './gitea-error.ts';
import { planComment } from './plan-comment.ts';
import { placeOf, recall } from './recall.ts';

/** The newest commit of an open pull request. */
export interface PullHead {
  readonly number: number;
  readonly commit: string;
  /** Where the commit can be fetched from, also a fork's: `refs/pull/7/head`. It may have moved; the commit is what counts. */
  readonly ref: string;
  /**
   * Whether policy names the author and, where the head is in a fork, the owner of the fork, who can push more to it at any time. If not,
   * it may only be rendered: no secrets, no guards, no look at the host.
   */
  readonly trusted: boolean;
}

const commented = z.object({
  /** Earlier versions do not say it. */
  place: z.exactOptional(z.string()),
  /** Head that the comment is about, and whether its author was trusted. */
  head: z.string(),
  comment: z.number().int(),
});
const remembered = z.record(z.string(), commented);
type Remembered = Readonly<Record<string, z.infer<typeof commented>>>;

/** Planned at one poll; a poll must not take all day because somebody opens a thousand pull requests. */
const mostAtOnce = 10;

/**
 * Says in every open pull request what it would do to this host: one comment per host, edited in place when the head moves. The
 * heads of trusted authors come first, then each in its turn. `plan` must not change anything; undefined: not now. Never rejects:
 * `problem` says what went wrong, and it is tried again when it is called again.
 */
export async function planPullRequests(
  {
    client,
    policy,
    host,
    memory,
    plan,
  }: {
    readonly client: Gitea;
    readonly policy: Pick<GiteaPolicy, 'url' | 'repository' | 'trusted_authors'>;
    readonly host: string;
    readonly memory: Memory;
    readonly plan: (head: PullHead) => Promise<Report | undefined>;
  },
  signal: AbortSignal,
): Promise<{ readonly problem?: string }> {
  const trusted = new Set(policy.trusted_authors.map((login) => login.toLowerCase()));
  const place = placeOf(policy);
  const problems: string[] = [];
  try {
    const pulls = await client.pulls.list(policy.repository, { state: 'open' }, signal);
    const heads = pulls.map((pull) => headOf(pull, trusted)).filter(({ commit }) => isCommitId(commit));
    const known = forgetOthers(memory, heads, place);
    const due = heads.filter((head) => known[head.number]?.head !== keyOf(head));
    for (const head of takeTurns(memory, due)) {
      if (signal.aborted) break;
      try {
        const report = await plan(head);
        if (!report) continue;
        const text = planComment({ host, commit: head.commit, trusted: head.trusted, report });
        const comment = await write(client, policy.repository, host, head.number, text, known[head.number]?.comment, signal);
        memory.set('pulls', { ...recallPulls(memory), [head.number]: { head: keyOf(head), comment, place } });
      } catch (error) {
        problems.push(`pull request ${head.number}: ${(error as Error).message}`);
        if (error instanceof GiteaError && error.isOutage) break;
      }
    }
  } catch (error) {
    problems.push((error as Error).message);
  }
  return problems.length === 0 ? {} : { problem: problems.join('; ') };
}

function headOf({ number, head, base, user }: Pull, trusted: ReadonlySet<string>): PullHead {
  const isNamed = (account: Pull['user']): boolean => account != null && trusted.has(account.login.toLowerCase());
  const isOwnBranch = head.repo != null && head.repo.id === base.repo?.id;
  const isTrusted = isNamed(user) && (isOwnBranch || isNamed(head.repo?.owner));
  return { number, commit: head.sha, ref: `refs/pull/${number}/head`, trusted: isTrusted };
}

const keyOf = ({ commit, trusted }: PullHead): string => `${commit} ${trusted ? 'trusted' : 'untrusted'}`;

const recallPulls = (memory: Memory): Remembered => recall(memory, 'pulls', remembered) ?? {};

/** What is known of those that are open here. */
function forgetOthers(memory: Memory, heads: readonly PullHead[], here: string): Remembered {
  const known = Object.entries(recallPulls(memory));
  const open = known.filter(
    ([number, { place = here }]) => place === here && heads.some((head) => head.number === Number(number)),
  );
  const kept = Object.fromEntries(open);
  if (open.length < known.length) memory.set('pulls', kept);
  return kept;
}

/** Those that are planned now. Where there are more the others come next: some may be refused, or not to be had, each time. */
function takeTurns(memory: Memory, due: readonly PullHead[]): readonly PullHead[] {
  const last = recall(memory, 'turn', z.number());
  const isLater = ({ number }: PullHead): boolean => last !== undefined && number >= last;
  const turns = due.toSorted(
    (a, b) => Number(b.trusted) - Number(a.trusted) || Number(isLater(a)) - Number(isLater(b)) || b.number - a.number,
  );
  const now = turns.slice(0, mostAtOnce);
  if (now.length < turns.length) memory.set('turn', now.at(-1)!.number);
  return now;
}

/** Edits the comment of this host, or writes it. Its id. */
async function write(
  client: Gitea,
  repository: string,
  host: string,
  pull: number,
  text: string,
  known: number | undefined,
  signal: AbortSignal,
): Promise<number> {
  const mark = client.mark(`plan ${host} #${pull}`);
  const body = `${text}\n\n${mark}`;
  if (known !== undefined) {
    try {
      return (await client.comments.edit(repository, known, body, signal)).id;
    } catch (error) {
      if (!(error instanceof GiteaError) || error.status !== 404) throw error;
    }
  }
  const comments = await client.comments.list(repository, pull, signal);
  // Others may have copied the mark, but only later.
  const [first] = comments
    .filter((comment) => comment.body.includes(mark))
    .map(({ id }) => id)
    .sort((a, b) => a - b);
  const written =
    first === undefined
      ? await client.comments.create(repository, pull, body, signal)
      : await client.comments.edit(repository, first, body, signal);
  return written.id;
}
