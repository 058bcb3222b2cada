import type { News } from './news.ts';

/** Milliseconds. A person who presses "redeliver" later means it; a poll costs no more than that. */
const remembered = 60_000;

/** Calls `trigger` once for each news; a replay gives the run of the first one. */
type Dedupe = (hook: string, news: News, trigger: () => string) => { readonly run: string; readonly isNew: boolean };

/**
 * Only the last tip of each branch, and of what is to go into it, is remembered, as a branch may go back to an older one; for each hook by
 * itself, as a forge that mirrors another one has the tip later. Only news of allowed repositories and branches may be asked about: they
 * are what bounds the memory.
 */
export function openDedupe(now: () => number): Dedupe {
  const last = new Map<string, { readonly tip: string; readonly run: string; readonly at: number }>();
  return (hook, { event, repository, branch, tip }, trigger) => {
    const key = `${hook}:${event}:${repository}:${branch}`;
    const known = last.get(key);
    if (known?.tip === tip && now() - known.at < remembered) return { run: known.run, isNew: false };
    const run = trigger();
    last.set(key, { tip, run, at: now() });
    return { run, isNew: true };
  };
}
