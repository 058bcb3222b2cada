import type { ExitName } from '../../model/exit-code.ts';
import { isPostponed, type RunSummary } from '../../model/report.ts';
import { outcomeInWords } from '../outcome-in-words.ts';
import { html } from './html.ts';

const waiting: readonly ExitName[] = ['upstreamPending', 'driftOnly', 'conflict', 'busy'];

/** The outcome of a run, and whether it is good, bad, or asks for somebody. */
export function badge(report: RunSummary): ReturnType<typeof html> {
  const isWaiting = waiting.includes(report.outcome) || isPostponed(report);
  const kind = report.outcome === 'converged' ? 'good' : isWaiting ? 'waiting' : 'bad';
  return html`<span class="badge ${kind}">${outcomeInWords(report)}</span>`;
}
