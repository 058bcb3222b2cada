import type { RunSummary } from '../model/report.ts';
import { moment } from './moment.ts';
import { outcomeInWords } from './outcome-in-words.ts';
import type { Paint } from './paint.ts';
import { printableLine } from './printable.ts';
import { duration, uncommittedInWords } from './render-text.ts';

/** One line per run: id, time in UTC, action and outcome, what it changed, revision. */
export function renderHistory(summaries: readonly RunSummary[], paint: Paint): string {
  return summaries.map((summary) => `${historyLine(summary, paint)}\n`).join('');
}

function historyLine({ run, startedAt, action, outcome, counts, revision, duration: took }: RunSummary, paint: Paint): string {
  const colour = outcome === 'converged' ? 'green' : 'red';
  const changes = `+${counts.create} ~${counts.update} -${counts.remove}`;
  const commit = revision.commit?.slice(0, 8) ?? 'no git';
  const others = uncommittedInWords(revision.uncommitted);
  return `${paint('bold', printableLine(run))}  ${moment(startedAt)}  ${paint(colour, outcomeInWords({ action, outcome }).padEnd(18))}  ${changes.padEnd(14)}  ${commit.padEnd(8)}  ${duration(took)}${others}`;
}
