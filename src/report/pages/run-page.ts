import type { Report, ReportedStep } from '../../model/report.ts';
import { moment } from '../moment.ts';
import { duration, isOutsideTags, renderClosing, renderSteps, revisionInWords, whyOf } from '../render-text.ts';
import { badge } from './badge.ts';
import { html, painted } from './html.ts';
import { page } from './page.ts';

/** More are not put into one page. */
const mostSteps = 500;
/** Steps that are shown unfolded. */
const mostOpen = 20;

/** One run with all its steps and diffs; the plan that a run would have now is a report, too. */
export function runPage(report: Report, home: './' | '../'): string {
  const { run, host, action, startedAt, version } = report;
  const steps = report.steps.filter((step) => !isOutsideTags(step));
  const shown = steps.slice(0, mostSteps);
  const left = steps.length - shown.length;
  const command = action === 'check' ? 'reconcile --check' : `reconcile show ${run}`;
  const isOpen = shown.length <= mostOpen;
  const what = action === 'check' ? 'What a run would do' : `Run ${run}`;
  return page({
    title: `${what}: ${host}`,
    home,
    main: html`<main>
      <h1>${what} <span class="host">${host}</span></h1>
      <p>${badge(report)} ${revisionInWords(report)}, ${moment(startedAt)}, ${duration(report.duration)}, version ${version}</p>
      <pre class="closing">${painted((paint) => renderClosing(report, paint))}</pre>
      ${shown.map((step) => section(report, step, isOpen))}
      ${left > 0 ? html`<p>${left} more ${left === 1 ? 'step' : 'steps'}: <code>${command}</code> on the host has them.</p>` : ''}
    </main>`,
  });
}

function section(report: Report, step: ReportedStep, isOpen: boolean): ReturnType<typeof html> {
  const text = (from: number, to?: number): ReturnType<typeof html> =>
    painted((paint) => renderSteps([step], paint, 'full', whyOf(report)).trimEnd().split('\n').slice(from, to).join('\n'));
  return html`<details ${isOpen ? 'open' : ''}>
    <summary>${text(0, 1)}</summary>
    <pre>${text(1)}</pre>
  </details> `;
}
