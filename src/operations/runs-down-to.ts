import type { ExitName } from '../model/exit-code.ts';
import type { RunSummary } from '../model/report.ts';
import { keptRuns } from '../state/runs.ts';
import type { State } from '../state/state.ts';

/** Why there is nothing to take back, or to confirm, or not now. */
export interface Refused {
  readonly refused: string;
  readonly exit: ExitName;
}

const refused = (reason: string): Refused => ({ refused: reason, exit: 'usage' });

/** What is to be taken back. */
export interface Asked {
  /** A run's id or the beginning of it; the last run that changed something unless told, and for `latest`. */
  readonly run: string | undefined;
  /** The commit for which it is: another one that was applied since stays, and so does all of this. */
  readonly revision?: string | undefined;
  /** What speaks against the run, where no person asked: said of it, as in `was not confirmed`. */
  readonly because?: string;
}

/** Which runs, newest first. */
export interface Choice {
  readonly runs: readonly string[];
  /** As in the request. */
  readonly because?: string;
}

/** The run that is asked for, and the later ones. */
export function runsDownTo({ run: asked, revision, because }: Asked, { journal, runs: reports }: State): Choice | Refused {
  const wanted = asked === 'latest' ? undefined : asked;
  // What was interrupted stands on top of all others.
  const undoable = [...journal.unfinished(), ...journal.undoable()];
  // Of runs within one second, the id of the first is the beginning of the others'.
  const whole = undoable.filter((id) => id === wanted);
  const begun = undoable.filter((id) => wanted !== undefined && id.startsWith(wanted));
  const named = wanted === undefined ? undoable.slice(0, 1) : whole.length > 0 ? whole : begun;
  if (undoable.length === 0) return refused('no run is left that could be taken back');
  if (named.length > 1) return refused(`${named.length} runs that could be taken back begin with '${wanted}'`);
  if (named.length === 0) return refused(whyNone(wanted ?? '', reports.summaries(keptRuns)));
  const runs = undoable.slice(0, undoable.indexOf(named[0]!) + 1);
  const other =
    revision === undefined
      ? undefined
      : runs.map((id) => reports.get(id)?.revision).find((each) => each && each.commit !== revision);
  if (other)
    return { refused: `${other.commit?.slice(0, 12) ?? 'a working tree'} was applied there since, and stays`, exit: 'refused' };
  return { runs, ...(because !== undefined && { because }) };
}

/** `no run` is what whoever takes back from afar goes by. */
function whyNone(wanted: string, reports: readonly RunSummary[]): string {
  const back = reports.flatMap(({ takenBack }) => takenBack ?? []).find((id) => id.startsWith(wanted));
  if (back !== undefined) return `no run is taken back: run ${back} was taken back already`;
  const lost = reports.flatMap(({ unrestored }) => unrestored ?? []).find(({ run, isOpen }) => !isOpen && run.startsWith(wanted));
  if (lost) return `run ${lost.run} was taken back, but not completely: ${lost.faults.join('; ')}`;
  const found = reports.find(({ run }) => run.startsWith(wanted));
  return found ? `no run is taken back: run ${found.run} has nothing that could be` : `no run begins with '${wanted}'`;
}
