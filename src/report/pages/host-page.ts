import type { AgentStatus } from '../../model/agent.ts';
import type { RunSummary } from '../../model/report.ts';
import { moment } from '../moment.ts';
import { duration, uncommittedInWords } from '../render-text.ts';
import { statusLines, upSince, type StatusLine } from '../status-lines.ts';
import { html } from './html.ts';
import { badge } from './badge.ts';
import { page } from './page.ts';

/** The agent of one host: where it stands, what somebody should look at, and its last runs, or why they cannot be shown. */
export function hostPage(status: AgentStatus, summaries: readonly RunSummary[] | string): string {
  const { host, phase } = status;
  const { standing, troubles } = statusLines(status);
  const line = ([name, text]: StatusLine): Piece =>
    html`<tr>
      <th scope="row">${name}</th>
      <td>${text}</td>
    </tr>`;
  const table = (className: string, lines: readonly StatusLine[]): Piece =>
    lines.length === 0
      ? html``
      : html`<table class="${className}">
          <tbody>
            ${lines.map(line)}
          </tbody>
        </table>`;
  const list =
    typeof summaries === 'string'
      ? html`<p class="bad">${summaries}</p>`
      : summaries.length === 0
        ? html`<p>None is recorded yet.</p>`
        : runs(summaries);
  return page({
    title: `${host} is ${phase}`,
    home: './',
    isLive: true,
    main: html`<main>
      <h1>${host} <span class="phase">${phase}</span></h1>
      ${table('troubles', troubles)} ${table('standing', standing)}
      <p><a href="plan">What a run would do now</a></p>
      <h2>Runs</h2>
      ${list}
      <footer>${upSince(status)}</footer>
    </main>`,
  });
}

type Piece = ReturnType<typeof html>;

const runs = (summaries: readonly RunSummary[]): Piece =>
  html`<table class="runs">
    <thead>
      <tr>
        <th scope="col">Begun</th>
        <th scope="col">Outcome</th>
        <th scope="col">Changes</th>
        <th scope="col">Revision</th>
        <th scope="col">Took</th>
        <th scope="col">Summary</th>
      </tr>
    </thead>
    <tbody>
      ${summaries.map(run)}
    </tbody>
  </table>`;

const run = (report: RunSummary): Piece =>
  html`<tr>
    <td><a href="runs/${encodeURIComponent(report.run)}">${moment(report.startedAt)}</a></td>
    <td>${badge(report)}</td>
    <td>+${report.counts.create} ~${report.counts.update} -${report.counts.remove}</td>
    <td>${report.revision.commit?.slice(0, 8) ?? 'no git'}${uncommittedInWords(report.revision.uncommitted)}</td>
    <td>${duration(report.duration)}</td>
    <td>${report.summary}</td>
  </tr> `;
