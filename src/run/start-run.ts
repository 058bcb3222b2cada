import type { Event } from '../model/event.ts';
import type { Request } from '../model/request.ts';
import type { ExitName } from '../model/exit-code.ts';
import { exitCodes } from '../model/exit-code.ts';
import { firstProblems } from '../model/first-problems.ts';
import { monotonic } from '../model/monotonic.ts';
import { outsideTags } from '../model/plan.ts';
import type { Report } from '../model/report.ts';
import { version } from '../model/version.ts';
import type { Scrub } from '../report/scrub.ts';

/**
 * Sorts by time and ends with six digits of chance: `20261120T190412Z-003f9a`. Neither a clock that was set back nor a process id that
 * comes again with each boot gives one of them twice, for the undo data of a run is found by it.
 */
export function makeRunId(startedAt: string): string {
  const chance = Math.floor(Math.random() * 0x1000000);
  return `${startedAt.replace(/[-:]|\.\d+/g, '')}-${chance.toString(16).padStart(6, '0')}`;
}

/** What is known of a run before anything was looked at. */
export interface Run {
  readonly id: string;
  readonly startedAt: string;
  /** Of what. */
  readonly revision: Report['revision'];
  /** Takes the host's secrets out of what is told or kept of the run; reports are without them already. */
  readonly scrub: Scrub;
  /** A report that says nothing yet; assume the worst until it is completed. */
  report(parts: Partial<Report> & { readonly outcome: ExitName; readonly summary: string }): Report;
}

/** `started` is when the run was asked for, on the clock of `monotonic`. */
export function startRun(
  request: Pick<Request, 'action' | 'root' | 'run'>,
  { commit, branch, workingTree, uncommitted, key }: Report['revision'],
  host: string,
  started: number,
  scrub: Scrub = (told) => told,
): Run {
  const revision = { commit, branch, workingTree, ...(uncommitted && { uncommitted }), key };
  const startedAt = new Date(Date.now() - monotonic() + started).toISOString();
  const id = request.run ?? makeRunId(startedAt);
  return {
    id,
    startedAt,
    revision,
    scrub,
    report: (parts) => ({
      schema: 'reconcile.report/1',
      run: id,
      host,
      action: request.action,
      startedAt,
      duration: Math.round(monotonic() - started),
      version,
      revision,
      root: request.root ?? null,
      exit: exitCodes[parts.outcome].code,
      counts: { resources: 0, converged: 0, create: 0, update: 0, remove: 0, held: 0, failed: 0, adopted: 0 },
      steps: [],
      refreshes: [],
      health: [],
      planDigest: null,
      recovered: [],
      writes: 0,
      ...scrub({ ...parts, problems: firstProblems(parts.problems ?? []) }),
    }),
  };
}

/** What is told when a run begins on its source. */
export function startedEvent({ id, revision: { commit, workingTree } }: Run, host: string): Event {
  const around = workingTree && commit !== null && ({ workingTree: true } as const);
  return { type: 'run-started', run: id, host, revision: commit ?? 'working tree', ...around };
}

/** Whoever reads of the end finds the revision accepted. */
export async function tellEnd(
  { action, tags, accept }: Pick<Request, 'action' | 'tags' | 'accept'>,
  report: Report,
  emit: (event: Event) => void,
): Promise<void> {
  if (action === 'converge' && tags.length === 0 && report.outcome === 'converged') await accept?.(report);
  emit({ type: 'finished', run: report.run, report });
}

/** The same run, once it is known that its revision has what no commit has. */
export function asUncommitted(run: Run): Run {
  const revision = { ...run.revision, uncommitted: true as const };
  return { ...run, revision, report: (parts) => run.report({ revision, ...parts }) };
}

/** What people read when there was nothing to do. What differs and is held is not called converged. */
export function convergedSummary({ resources, adopted, held }: Report['counts'], steps: Report['steps'] = []): string {
  const differing = countDiffering(steps);
  const left = steps.filter(({ reason }) => reason === outsideTags);
  const outside = left.filter(({ action }) => action !== 'none').length;
  const rest = held - differing - left.length;
  const more = differing > 0 ? ' more' : '';
  const others = [...(adopted > 0 ? [`${adopted} adopted`] : []), ...(rest > 0 ? [`${rest}${more} held`] : [])];
  if (outside > 0) others.push(`${outside} ${outside === 1 ? 'differs' : 'differ'}, but not among the chosen tags`);
  const aside = others.length > 0 ? ` (${others.join(', ')})` : '';
  if (outside > 0 && differing === 0) return `Nothing to do for these tags${aside}`;
  if (differing === 0) return `Converged: ${resources} resources, nothing to do${aside}`;
  // What has left git, and stays for now, is not among those that git wants.
  const all = resources + steps.filter(({ cause, action }) => cause === 'orphan' && action !== 'none').length;
  return `Nothing to do: ${differing} of ${all} resources ${differing === 1 ? 'differs and is' : 'differ and are'} held${aside}`;
}

/** Steps that would change something, but are held; not counting those that were not asked for. */
export const countDiffering = (steps: Report['steps']): number =>
  steps.filter(({ outcome, action, reason }) => outcome === 'held' && action !== 'none' && reason !== outsideTags).length;
