import type { Push } from './push.ts';

/** Milliseconds. A person who presses "redeliver" later means it; a poll costs no more than that. */
const remembered = 60_000;

/** Calls `trigger` once for each push; a replay gives the run of the first one. */
type Dedupe = (push: Push, trigger: () => string) => { readonly run: string; readonly isNew: boolean };

/**
 * Only the last tip of each branch is remembered, as a branch may go back to an older one. Only pushes of allowed repositories
 * and branches may be asked about: they are what bounds the memory.
 */
export function openDedupe(now: () => number): Dedupe {
  const last = new Map<string, { readonly after: string; readonly run: string; readonly at: number }>();
  return ({ repository, branch, after }, trigger) => {
    const key = `${repository}:${branch}`;
    const known = last.get(key);
    if (known?.after === after && now() - known.at < remembered) return { run: known.run, isNew: false };
    const run = trigger();
    last.set(key, { after, run, at: now() });
    return { run, isNew: true };
  };
}
