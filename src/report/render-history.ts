import type { Report } from '../model/report.ts';
import type { Paint } from './paint.ts';
import { printableLine } from './printable.ts';
import { duration } from './render-text.ts';

/** One line per run: id, time in UTC, action and outcome, what it changed, revision. */
export function renderHistory(reports: readonly Report[], paint: Paint): string {
  return reports.map((report) => `${historyLine(report, paint)}\n`).join('');
}

function historyLine({ run, startedAt, action, outcome, counts, revision, duration: took }: Report, paint: Paint): string {
  const time = `${startedAt.slice(0, 10)} ${startedAt.slice(11, 19)}Z`;
  const colour = outcome === 'converged' ? 'green' : 'red';
  const changes = `+${counts.create} ~${counts.update} -${counts.remove}`;
  const commit = revision.commit?.slice(0, 8) ?? 'no git';
  const words = outcome.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const what = action === 'converge' ? words : `${action} ${words}`;
  return `${paint('bold', printableLine(run))}  ${time}  ${paint(colour, what.padEnd(18))}  ${changes.padEnd(14)}  ${commit.padEnd(8)}  ${duration(took)}`;
}
