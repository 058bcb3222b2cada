import { verdictRank } from '../model/fleet-exit.ts';
import type { FleetReport, HostOutcome, HostVerdict } from '../model/fleet.ts';
import { fit, width } from './fit.ts';
import type { Paint } from './paint.ts';
import { count, duration } from './render-text.ts';

/** Columns where nobody says how wide the terminal is. */
export const usualWidth = 120;

/** Columns of what a host says, where it may go on in further lines. */
export const longestMessage = 500;
const mostHints = 10;

/** A verdict for people, in a word or three. */
export const verdictWords = {
  converged: 'converged',
  error: 'error',
  upstreamPending: 'changes pending',
  driftOnly: 'drift',
  conflict: 'drift and changes pending',
  busy: 'busy',
  rolledBack: 'rolled back',
  refused: 'refused',
  rollbackIncomplete: 'rollback incomplete',
  usage: 'wrong usage',
  invalid: 'invalid',
  unreachable: 'unreachable',
  untrusted: 'untrusted host key',
  denied: 'not let in',
  missing: 'no fitting program',
  garbled: 'garbled answer',
  slow: 'too slow',
  halted: 'not reached',
} as const satisfies Record<HostVerdict, string>;

/** The same of what `action` has done: a program that `fleet run` starts makes nothing converge. */
export const wordsFor = (verdict: HostVerdict, action: FleetReport['action'] | undefined): string =>
  verdict === 'converged' && action === 'run' ? 'done' : verdictWords[verdict];

/** Green: well. Yellow: something waits. Red: somebody has to look. */
export function verdictColour(verdict: HostVerdict): Parameters<Paint>[0] {
  switch (verdict) {
    case 'converged':
      return 'green';
    case 'upstreamPending':
    case 'driftOnly':
    case 'conflict':
    case 'busy':
    case 'halted':
      return 'yellow';
    default:
      return 'red';
  }
}

/** As many names as fit into so many columns, at least one, and how many there are besides. */
export function nameList(names: readonly string[], columns: number): string {
  const shown: string[] = [];
  let left = columns;
  for (const name of names) {
    const next = fit(name, 80);
    const rest = names.length - shown.length - 1;
    left -= width(next) + 2;
    if (shown.length > 0 && left < (rest > 0 ? ` and ${rest} more`.length : 0)) break;
    shown.push(next);
  }
  const rest = names.length - shown.length;
  return shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** What hosts said, a line per message: for those of whom a table has room for the beginning only. */
export function messageLines(hosts: readonly Pick<HostOutcome, 'host' | 'message'>[], columns: number): readonly string[] {
  const groups = [...Map.groupBy(hosts, ({ message }) => message)];
  return groups.map(([message, those]) => {
    const names = nameList(
      those.map(({ host }) => host),
      columns / 2,
    );
    return `${names}: ${fit(message, longestMessage)}`;
  });
}

/** What can be done about it, a line for each different hint of the hosts, for the first of them. */
export const hintLines = (hosts: readonly HostOutcome[], columns: number): readonly string[] =>
  [...new Set(hosts.flatMap(({ hint }) => hint ?? []))].slice(0, mostHints).map((hint) => `hint: ${fit(hint, columns * 2)}`);

export interface FleetEnd {
  /** It was interrupted, and can be gone on with. */
  readonly isOpen?: boolean;
}

/** `30 hosts: 2 rolled back, 28 converged (12.3 s)`, why it stopped, and what to do about those that failed. Ends with a newline. */
export function fleetClosing(report: FleetReport, paint: Paint, { isOpen = false }: FleetEnd = {}): string {
  const { hosts, halted, action } = report;
  const byVerdict = Map.groupBy(hosts, ({ verdict }) => verdict);
  const counts = [...byVerdict]
    .sort(([a], [b]) => verdictRank(a) - verdictRank(b))
    .map(([verdict, of]) => paint(verdictColour(verdict), `${of.length} ${wordsFor(verdict, action)}`));
  const lines = [`${count(hosts.length, 'host')}: ${counts.join(', ') || 'none was chosen'} (${duration(report.duration)})`];
  if (halted !== null) lines.push(paint('red', `Halted: ${fit(halted, longestMessage)}`));
  const failed = hosts.filter(({ verdict }) => verdictColour(verdict) === 'red' || verdict === 'halted' || verdict === 'busy');
  // Those that took the revision are still to be watched then.
  if (failed.length > 0 && isRepeatable(action) && !isOpen)
    lines.push(`reconcile fleet ${action} --retry-failed goes to ${count(failed.length, 'host')} again`);
  return `${lines.join('\n')}\n`;
}

const isRepeatable = (action: FleetReport['action']): boolean =>
  action === 'push' || action === 'apply' || action === 'bootstrap';
