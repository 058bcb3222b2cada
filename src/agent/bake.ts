import type { Event } from '../model/event.ts';
import type { Look } from '../model/follower.ts';
import { healthFailure, type Report, type ReportedCheck } from '../model/report.ts';
import { monotonic } from '../model/monotonic.ts';
import type { Memory } from '../model/reporter.ts';
import type { Request } from '../model/request.ts';
import { rollBackRuns } from '../operations/roll-back-runs.ts';
import { reconcile } from '../reconcile.ts';
import type { Waves } from './waves.ts';

/** What became of a revision for which other hosts wait. */
type Standing =
  /** Milliseconds since 1970 when its health is asked for. */
  | { readonly until: number; readonly report?: undefined }
  /** It is unwell: the run that has taken it back, or the check that says so where it stays. */
  | { readonly report: Report; readonly until?: undefined };

/** Watches over what this host has applied until the bake time of its wave is over. */
export interface Bake {
  /**
   * Asked whenever the newest revision has converged. Undefined: nobody waits for it, or it is well. Throws for bugs and an
   * unusable state.
   */
  judge(look: Look, report: Report, emit: (event: Event) => void, signal: AbortSignal): Promise<Standing | undefined>;
}

interface BakeOptions {
  readonly waves: Pick<Waves, 'watch'>;
  readonly memory: Memory;
  readonly stateDirectory: string;
  readonly place: Pick<Request, 'host' | 'root'>;
  /** Hears what the health checks said. */
  asked(health: readonly ReportedCheck[]): void;
}

/**
 * The run that has applied it, or what it has of one before that was still watched, and when health is asked for, in milliseconds since
 * 1970; null once it was well.
 */
interface Watched {
  readonly commit: string;
  readonly run: string;
  readonly until: number | null;
}

/** Milliseconds. */
const longestLead = 60_000;
const busyFor = 10_000;
/** Checks that end so did not come to the health checks. */
const unasked: ReadonlySet<Report['outcome']> = new Set(['busy', 'refused', 'invalid', 'usage', 'error']);

/** How long before the end it is asked, so that the answer is known when the next wave looks. */
const leadOf = (bake: number): number => Math.max(bake / 10, Math.min(bake / 2, longestLead));

export function openBake({ waves, memory, stateDirectory, place, asked }: BakeOptions): Bake {
  const put = (watched: Watched | undefined): void => memory.set('watched', watched);
  /** When what is written down ends by a clock that nobody sets. */
  let timed: { readonly until: number; readonly end: number } | undefined;
  /** The same by the clock as it stands now, which may have been set since that was written. */
  const endOf = (until: number): number => (timed?.until === until ? Math.round(Date.now() + timed.end - monotonic()) : until);
  return {
    async judge(look, report, emit, signal) {
      const { commit, source } = look;
      const known = memory.get('watched') as Watched | undefined;
      const isKnown = known?.commit === commit;
      const open = known && known.until !== null ? { run: known.run, until: known.until } : undefined;
      // Mostly nothing was applied, or it was well. What heals later belongs to the same revision.
      if (commit === null || !source || (!open && (isKnown || report.writes === 0))) return undefined;
      const watch = waves.watch(look);
      if (!watch || watch.bake === 0) return undefined;
      const lead = leadOf(watch.bake);
      // One that comes in the middle and changes nothing has what the other has brought, of which nobody knows yet whether it is well.
      const inherited = open && (isKnown || (report.writes === 0 && Date.now() < endOf(open.until) + lead)) ? open : undefined;
      if (!inherited && report.writes === 0) return undefined;
      const run = inherited?.run ?? report.run;
      const latest = Date.now() + watch.bake - lead;
      // Further away than a whole bake time is what a clock has written down that was ahead.
      const until =
        isKnown && inherited && (timed?.until === inherited.until || inherited.until <= latest) ? inherited.until : latest;
      if (timed?.until !== until) timed = { until, end: monotonic() + until - Date.now() };
      if (!isKnown || until !== inherited?.until) put({ commit, run, until });
      const end = endOf(until);
      if (Date.now() < end) return { until: end };
      const request = { ...place, source, tags: [], paranoid: false, unattended: true };
      const check = await reconcile({ ...request, action: 'check', health: true }, () => undefined, signal);
      const sick = healthFailure(check.health);
      if (signal.aborted || (sick === undefined && unasked.has(check.outcome))) return { until: Date.now() + busyFor };
      if (sick === undefined) {
        asked(check.health);
        put({ commit, run, until: null });
        return undefined;
      }
      if (watch.takesBack) {
        const because = `was not well when its bake time ended (${sick})`;
        const taken = await rollBackRuns({ run, root: place.root, stateDirectory, because }, emit);
        if (!('refused' in taken)) {
          put(undefined);
          // Those behind go by what is said of the newest one, also where it was another that changed something here.
          return { report: { ...taken, revision: { ...taken.revision, commit } } };
        }
        if (taken.exit === 'busy') return { until: Date.now() + busyFor };
      }
      // Of what stays; what was taken back is told as that.
      asked(check.health);
      emit({ type: 'finished', run: check.run, report: check });
      return { report: check };
    },
  };
}
