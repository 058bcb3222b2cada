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

/** Which runs, newest first. */
export interface Choice {
  readonly runs: readonly string[];
  /** As in the request. */
  readonly because?: string;
}

/** The run that is asked for, and the later ones. */
export function runsDownTo(asked: string | undefined, { journal, runs }: State, because: string | undefined): Choice | Refused {
  const wanted = asked === 'latest' ? undefined : asked;
  // What was interrupted stands on top of all others.
  const undoable = [...journal.unfinished(), ...journal.undoable()];
  // Of runs within one second, the id of the first is the beginning of the others'.
  const whole = undoable.filter((id) => id === wanted);
  const begun = undoable.filter((id) => wanted !== undefined && id.startsWith(wanted));
  const named = wanted === undefined ? undoable.slice(0, 1) : whole.length > 0 ? whole : begun;
  if (undoable.length === 0) return refused('no run is left that could be taken back');
  if (named.length > 1) return refused(`${named.length} runs that could be taken back begin with '${wanted}'`);
  if (named.length === 0) return refused(whyNone(wanted ?? '', runs.summaries(keptRuns)));
  return { runs: undoable.slice(0, undoable.indexOf(named[0]!) + 1), ...(because !== undefined && { because }) };
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
