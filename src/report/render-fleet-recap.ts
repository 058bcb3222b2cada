import type { FleetReport, HostOutcome, HostVerdict } from '../model/fleet.ts';
import { fit, pad, width } from './fit.ts';
import { fleetClosing, hintLines, messageLines, usualWidth, verdictColour, verdictWords, type FleetEnd } from './fleet-words.ts';
import type { Paint } from './paint.ts';
import { problemBlocks, withProblems } from './render-fleet-problems.ts';
import { duration } from './render-text.ts';

/** Outcomes of runs that carry nothing of their plan out. */
const untouched: readonly HostVerdict[] = ['refused', 'invalid'];

/** What is wrong; a line per host, as Ansible ends its plays: what became of it and why not more; the sum, and what to do next. */
export function renderRecap(report: FleetReport, paint: Paint, columns = usualWidth, end: FleetEnd = {}): string {
  const { hosts } = report;
  const names = Math.min(40, Math.max(0, ...hosts.map(({ host }) => width(host))));
  const words = Math.max(0, ...hosts.map(({ verdict }) => verdictWords[verdict].length));
  const tallies = hosts.map(tally);
  const numbers = Math.max(0, ...tallies.map(({ length }) => length));
  const told = new Set(withProblems(hosts));
  const cut: HostOutcome[] = [];
  const lines = hosts.map((host, index) => {
    const colour = verdictColour(host.verdict);
    const verdict = paint(colour, pad(verdictWords[host.verdict], words));
    const start = `${pad(fit(host.host, names), names)}  ${verdict}  ${pad(tallies[index]!, numbers)}`;
    const left = columns - names - words - numbers - 6;
    const said = fit(host.message, Math.max(20, left));
    const isConverged = host.verdict === 'converged';
    if (!isConverged && said !== host.message && !told.has(host)) cut.push(host);
    return `${start}  ${isConverged ? duration(host.duration) : said}`.trimEnd();
  });
  const below = [...messageLines(cut, columns).slice(0, 10), ...hintLines(hosts, columns)];
  const recap = [...lines, ...(lines.length > 0 ? [''] : []), ...below].map((line) => `${line}\n`);
  return [...problemBlocks(hosts, paint, columns), ...recap, fleetClosing(report, paint, end)].join('');
}

/** `ok=40 changed=2`, and what else there is; empty for a host without a run. */
function tally({ report }: HostOutcome): string {
  if (!report) return '';
  const { resources, create, update, remove, held, failed } = report.counts;
  const moved = create + update + remove;
  const ok = Math.max(0, resources - create - update - held - failed);
  const parts = [`ok=${ok}`];
  if (!untouched.includes(report.outcome)) parts.push(`${report.action === 'check' ? 'pending' : 'changed'}=${moved}`);
  if (held > 0) parts.push(`held=${held}`);
  if (failed > 0) parts.push(`failed=${failed}`);
  return parts.join(' ');
}
