import * as z from 'zod';
import { endsFailure, isAboutRevision, quarantineOf } from '../model/report.ts';
import type { News } from '../model/reporter.ts';
import { runTrouble } from './run-trouble.ts';

export const trouble = z.object({ key: z.string(), title: z.string(), text: z.string() });

/** What runs have found and no later run has taken back. */
export const knownTrouble = z.object({
  failed: trouble.extend({ commit: z.string().nullable() }).nullable(),
  drift: trouble.nullable(),
});
export type KnownTrouble = z.infer<typeof knownTrouble>;

/**
 * What is known after a run. A revision that failed is still the trouble while the host is kept at the last good one, and while a
 * newer one only waits or is looked at.
 */
export function learn(
  before: KnownTrouble | undefined,
  { report, status }: Extract<News, { type: 'ended' }>,
): KnownTrouble | undefined {
  if (!isAboutRevision(report)) return before;
  const { commit } = report.revision;
  const { seen } = status.revision;
  const failed = before?.failed ?? null;
  // That it stays away is known where it failed, and less than that the newest one failed.
  if (quarantineOf(report) && failed !== null && (failed.commit === commit || failed.commit === seen)) return before;
  const found = runTrouble(report);
  if (found && !found.isDrift) return { failed: unlessKnown({ ...found, commit }, before?.failed), drift: null };
  // Whoever suspended the agent knows that nothing is repaired.
  if (found && status.suspended) return before;
  const isOver = failed !== null && endsFailure(report, failed.commit, seen);
  return { failed: isOver ? null : failed, drift: found ? unlessKnown(found, before?.drift) : null };
}

/** The same again is what is known already: its run is the one that people were told of. */
const unlessKnown = <T extends { readonly key: string }>(found: T, known: T | null | undefined): T =>
  known?.key === found.key ? known : found;
