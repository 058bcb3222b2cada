import * as z from 'zod';
import type { News } from '../model/reporter.ts';
import { printableLine } from '../report/printable.ts';
import type { Gitea } from './client.ts';
import { fenced } from './fenced.ts';
import { GiteaError } from './gitea-error.ts';
import { hostTrouble, refusedTrouble } from './host-trouble.ts';
import { knownTrouble, learn, trouble } from './known-trouble.ts';
import { recall } from './recall.ts';
import type { About, Subject } from './subject.ts';

/** What the issue is to say; a null key closes it. */
const waiting = z.object({ key: z.string().nullable(), title: z.string(), text: z.string() });
const issue = z.object({
  /** Earlier versions do not say it. */
  place: z.exactOptional(z.string()),
  /** Undefined: there is none, or it is not known. */
  number: z.number().int().optional(),
  /** Key of what it says; null: it is closed. */
  told: z.string().nullable(),
  /** Whether there can be none that is not known. */
  isKnown: z.boolean(),
});
type HostIssue = z.infer<typeof issue>;

const longestSummary = 2_000;

/** The one issue of a host: opened for trouble, edited and commented on when the trouble changes, closed when it is over. */
export function openHostIssue(gitea: Gitea, { repository, place, host, memory }: About): Subject {
  const mark = gitea.mark(`issue ${host}`);
  const recalled = (): HostIssue => {
    const found = recall(memory, 'issue', issue);
    return found && (found.place ?? place) === place ? found : { told: null, isKnown: false };
  };
  const remember = (next: HostIssue): void => memory.set('issue', { ...next, place });

  /** Its number. Others may have copied the mark, but only later. */
  const find = async (signal: AbortSignal): Promise<number | undefined> => {
    const issues = await gitea.issues.list(repository, { state: 'all' }, signal);
    const numbers = issues.filter(({ body }) => body.includes(mark)).map(({ number }) => number);
    return numbers.length > 0 ? Math.min(...numbers) : undefined;
  };

  /** Opens it, or says the new state in it. Its number. */
  const say = async ({ title, text }: { title: string; text: string }, signal: AbortSignal): Promise<number> => {
    const { number } = recalled();
    const body = `${text}\n\nThis issue closes itself when ${host} has converged.\n\n${mark}`;
    if (number !== undefined) {
      try {
        const { state } = await gitea.issues.get(repository, number, signal);
        await gitea.issues.update(repository, number, { title, body, ...(state === 'closed' && { state: 'open' }) }, signal);
        await gitea.comments.create(repository, number, text, signal);
        return number;
      } catch (error) {
        if (!(error instanceof GiteaError) || error.status !== 404) throw error;
      }
    }
    // Nobody knows whether a request arrived that is not answered: then it is looked for.
    remember({ told: null, isKnown: false });
    return (await gitea.issues.create(repository, { title, body }, signal)).number;
  };

  const close = async (number: number, text: string, signal: AbortSignal): Promise<void> => {
    const { state } = await gitea.issues.get(repository, number, signal);
    if (state === 'closed') return;
    await gitea.issues.close(repository, number, signal);
    await gitea.comments.create(repository, number, text, signal);
  };

  return {
    note(news) {
      if (news.type === 'applying') return;
      const before = recall(memory, 'trouble', knownTrouble);
      const known = news.type === 'ended' ? learn(before, news) : before;
      if (JSON.stringify(known) !== JSON.stringify(before)) memory.set('trouble', known);
      const earlier = recall(memory, 'refused', trouble);
      const refused = refusedTrouble(earlier, news.status);
      if (refused?.key !== earlier?.key) memory.set('refused', refused);
      const found = hostTrouble(known, refused, news.status);
      // Before the first run nobody knows whether the trouble of earlier ones is over.
      if (!found && !known) return;
      const { told, isKnown } = recalled();
      const waits = recall(memory, 'waiting', waiting);
      // What waits may be on its way; then that is not what the issue says any more.
      const isTold = !waits && isKnown && told === (found?.key ?? null);
      const over = { key: null, title: '', text: overText(news) };
      const next = isTold ? undefined : found ? { ...found, title: `${host} ${found.title}` } : over;
      if (waits?.key !== next?.key) memory.set('waiting', next);
    },
    async deliver(signal) {
      for (let next = recall(memory, 'waiting', waiting); next; next = recall(memory, 'waiting', waiting)) {
        const { told, isKnown } = recalled();
        if (isKnown && told === next.key) return memory.set('waiting', undefined);
        if (!isKnown) {
          const number = await find(signal);
          remember({ ...recalled(), ...(number !== undefined && { number }), isKnown: true });
        }
        const { key } = next;
        let { number } = recalled();
        if (key !== null) number = await say(next, signal);
        else if (number !== undefined) number = await closeIfThere(number, next.text, signal);
        remember({ ...(number !== undefined && { number }), told: key, isKnown: true });
        if (recall(memory, 'waiting', waiting)?.key === key) memory.set('waiting', undefined);
      }
    },
  };

  async function closeIfThere(number: number, text: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      await close(number, text, signal);
      return number;
    } catch (error) {
      if (!(error instanceof GiteaError) || error.status !== 404) throw error;
      // Gitea answers so too when the token sees nothing of the repository, or issues are switched off; then this is refused as well.
      await gitea.issues.list(repository, { state: 'open', pages: 1 }, signal);
      return undefined;
    }
  }
}

function overText(news: News): string {
  if (news.type !== 'ended') return 'It is over.';
  const { run, revision, summary } = news.report;
  const at = revision.commit ? ` at commit ${revision.commit}` : '';
  return `It is over. Run \`${run}\`${at}:\n\n${fenced(printableLine(summary), longestSummary)}`;
}
