import { notUndone, notUndoneInWords } from '../apply/not-undone.ts';
import { listed } from '../model/listed.ts';
import type { ReportedStep } from '../model/report.ts';

/** Begins a sentence. */
export const runsInWords = (runs: readonly string[]): string =>
  runs.length === 1 ? `Run ${runs[0]}` : `${runs.length} runs, back to ${runs.at(-1)},`;

/** Ends a sentence with what cannot be undone, if anything. */
export function lastingInWords(steps: readonly ReportedStep[]): string {
  const stays = notUndoneInWords(steps.filter(({ reason }) => reason === notUndone).map(({ address }) => address));
  return stays.map((each) => `; ${each}`).join('');
}

/** What became of all that was to be taken back. `others`: what else is to be said. */
export function rollbackSummary(
  runs: readonly string[],
  restored: number,
  others: readonly string[],
  failures: readonly string[],
  because: string | undefined,
): string {
  const which = runsInWords(runs);
  const [what, not] = because === undefined ? [which, 'could not be'] : [`${which} ${because} and was`, 'not'];
  const asBefore = `${restored} ${restored === 1 ? 'resource is' : 'resources are'} as before${others.map((words) => `; ${words}`).join('')}`;
  const after = because === undefined ? '. What it applied waits for a newer revision, or for `reconcile release`' : '';
  return failures.length === 0
    ? `${what} taken back: ${asBefore}${after}`
    : `${what} ${not} taken back completely: ${failures.join('; ')}`;
}

/** In which files others have written since, and what became of that. */
export function describeWritten(written: ReadonlyMap<string, string | undefined>): readonly string[] {
  const kept = [...written].filter(([, fault]) => fault === undefined).map(([path]) => path);
  const stays = kept.length === 0 ? [] : [`what others have written since stays in ${listed(kept, 3)}`];
  const lost = [...written].flatMap(([path, fault]) => (fault === undefined ? [] : [`${path} was put back whole: ${fault}`]));
  return [...stays, ...lost.slice(0, 3)];
}
