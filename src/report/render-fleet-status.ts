import type { AgentStatus } from '../model/agent.ts';
import { verdictRank } from '../model/fleet-exit.ts';
import type { FleetReport, HostOutcome } from '../model/fleet.ts';
import { fit, pad, width } from './fit.ts';
import { fleetClosing, hintLines, messageLines, usualWidth, verdictColour, verdictWords } from './fleet-words.ts';
import type { Paint } from './paint.ts';
import { revisionName } from './status-lines.ts';

const heads = ['HOST', 'REVISION', 'VERIFIED', 'STATE', 'DRIFT', 'HEALTH', 'AGENT'] as const;
/** Of the columns behind the first. */
const widest = [9, 10, 25, 6, 15, 10] as const;
const widestSum = widest.reduce((sum, each) => sum + each + 2, 2);

/** A line per host: where it stands and whatever somebody should look at; trouble first. Ages are those at the end of the report. */
export function renderFleetStatus(report: FleetReport, paint: Paint, columns = usualWidth): string {
  const now = Date.parse(report.startedAt) + report.duration;
  const rows = report.hosts
    .map((host) => ({ host, cells: cellsOf(host, now), notes: notesOf(host, now) }))
    .sort((a, b) => verdictRank(a.host.verdict) - verdictRank(b.host.verdict) || b.notes.length - a.notes.length);
  const limits = [Math.max(12, Math.min(40, columns - widestSum - 20)), ...widest];
  const widths = heads.map((head, column) =>
    Math.min(limits[column]!, Math.max(head.length, ...rows.map(({ cells }) => width(cells[column]!)))),
  );
  const left = Math.max(10, columns - widths.reduce((sum, each) => sum + each + 2, 0));
  const lines = rows.map(({ host: { verdict }, cells, notes }) => {
    const padded = cells.map((cell, column) => pad(fit(cell, widths[column]!), widths[column]!));
    padded[3] = paint(verdictColour(verdict), padded[3]!);
    return [...padded, paint('yellow', fit(notes.join('; '), left))].join('  ').trimEnd();
  });
  const lost = report.hosts.filter(
    ({ status, verdict, message }) => (!status || status.phase === 'absent') && verdict !== 'converged' && width(message) > left,
  );
  const below = [...messageLines(lost, columns).slice(0, 10), ...hintLines(report.hosts, columns)]
    .map((line) => `${line}\n`)
    .join('');
  const head = paint('bold', heads.map((name, column) => pad(name, widths[column]!)).join('  '));
  return `${[head, ...lines].join('\n')}\n\n${below}${fleetClosing(report, paint)}`;
}

function cellsOf({ host, verdict, status }: HostOutcome, now: number): readonly string[] {
  const applied = status?.revision.applied ?? null;
  const verified = status?.lastSuccess ?? null;
  return [
    host,
    applied === null ? '-' : applied.slice(0, 8),
    verified === null ? '-' : `${age(now - Date.parse(verified))} ago`,
    verdictWords[verdict],
    status ? String(status.differing) : '-',
    healthOf(status, now),
    status && status.phase !== 'absent' ? status.version : '-',
  ];
}

/** With its age: where no agent polls, nobody has asked since. */
function healthOf(status: AgentStatus | undefined, now: number): string {
  if (!status?.health) return '-';
  const { at, failure } = status.health;
  return `${failure === undefined ? 'good' : 'bad'} ${age(now - Date.parse(at))} ago`;
}

/** In the order in which they matter. */
function notesOf({ verdict, message, status }: HostOutcome, now: number): readonly string[] {
  if (!status) return [message];
  // The message says at least that no agent runs, where that is so.
  return [...troubles(status, now), ...(verdict === 'converged' && status.phase !== 'absent' ? [] : [message])];
}

function troubles(status: AgentStatus, now: number): readonly string[] {
  const { stalled, retry, quarantine, suspended, approval, windowClosed, contested, fetch, revision, waitsFor } = status;
  const { unconfirmed, updateTakenBack, health } = status;
  const isBehind = revision.seen !== null && revision.seen !== revision.applied;
  const notes: readonly (string | false)[] = [
    stalled !== null && `stalled: ${stalled}`,
    retry !== null && `${revisionName(retry.commit)} failed ${retry.failures}x, again in ${age(Date.parse(retry.next) - now)}`,
    suspended !== null &&
      `suspended for ${age(Date.parse(suspended.until) - now)} by ${suspended.by}: ${suspended.reason.slice(0, 80)}`,
    approval !== null && (approval.approved ? 'approved, not applied yet' : `waits for reconcile approve ${approval.run}`),
    unconfirmed !== null &&
      `${unconfirmed.run} is taken back in ${age(Date.parse(unconfirmed.until) - now)} without reconcile confirm`,
    updateTakenBack !== undefined &&
      `the update to ${updateTakenBack.version} was taken back ${age(now - Date.parse(updateTakenBack.at))} ago`,
    health?.failure !== undefined && health.failure,
    windowClosed && 'window closed',
    contested.length > 0 && `${contested.length} contested`,
    fetch?.ok === false && `${fetch.state ?? 'offline'}: ${fetch.message}`,
    fetch?.passedOver !== undefined && `a later remote is used: ${fetch.passedOver}`,
    waitsFor ?? false,
    isBehind &&
      retry === null &&
      waitsFor === null &&
      `${revision.seen.slice(0, 8)} ${quarantine === undefined ? 'not applied yet' : 'in quarantine'}`,
  ];
  return notes.filter((note) => note !== false);
}

/** `40 s`, `12 min`, `5 h`, `9 d`. */
function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  // What a host says may be no time at all.
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
