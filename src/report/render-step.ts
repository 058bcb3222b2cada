import type { Json } from '../model/json.ts';
import type { Change } from '../model/plan.ts';
import type { ReportedStep } from '../model/report.ts';
import type { Paint } from './paint.ts';
import { printable, printableLine } from './printable.ts';

/** `full`: every line of every diff. `brief`: the first lines, so that a plan stays readable. */
export type DiffDetail = 'brief' | 'full';

/** How many lines of diff may still be shown. */
export interface DiffAllowance {
  /** Lines per file. */
  readonly perFile: number;
  /** Lines for everything; counted down. */
  total: number;
}

export const allowanceFor = (detail: DiffDetail): DiffAllowance =>
  detail === 'full' ? { perFile: Infinity, total: Infinity } : { perFile: 16, total: 240 };

/** The sign of each action, wherever steps are shown. */
export const stepMarks = { create: '+', update: '~', replace: '±', remove: '-', none: '=' } as const;
const colours = { create: 'green', update: 'yellow', replace: 'magenta', remove: 'red', none: 'dim' } as const;

/** What a step is done for, in words. */
export type Why = (step: ReportedStep) => string;

/** One step for people: mark, address and cause; then fields, origin, what follows, and diffs. One line when nothing is done. */
export function renderStep(step: ReportedStep, paint: Paint, allowance: DiffAllowance, why: Why = causeInWords): string {
  if (step.action === 'none')
    return `${paint('dim', stepMarks.none)} ${printableLine(step.address)}  ${withoutAction(step, why)}\n`;
  const colour = step.outcome === 'failed' ? 'red' : colours[step.action];
  const lines = [`${paint(colour, stepMarks[step.action])} ${paint('bold', printableLine(step.address))}  ${why(step)}`];
  const unified = new Set(step.diffs.filter(({ text }) => isUnified(text)).flatMap(({ path }) => tailsOf(path)));
  const changes = step.changes.filter((change) => step.diffs.length === 0 || !isInDiff(change, unified));
  const width = changes.reduce((longest, { field }) => Math.min(28, Math.max(longest, field.length)), 0);
  for (const change of changes) lines.push(`    ${printableLine(change.field || '.').padEnd(width)}  ${values(change)}`);
  const outcome = whatBecameOf(step);
  if (outcome) lines.push(`    ${paint(step.outcome === 'failed' ? 'red' : 'yellow', outcome)}`);
  if (step.refreshes.length > 0) lines.push(`    then refreshes ${step.refreshes.map(printableLine).join(', ')}`);
  lines.push(paint('dim', `    ${originInWords(step)}`));
  // What is held is not about to happen; its fields say enough until somebody asks for more.
  const isShort = step.outcome === 'held' && allowance.perFile !== Infinity;
  for (const diff of isShort ? [] : step.diffs) lines.push(...diffLines(diff.path, diff.text, paint, allowance));
  return `${lines.join('\n')}\n`;
}

/** Where it is declared; what has left git, where it was. */
function originInWords({ cause, role, origin }: ReportedStep): string {
  if (cause === 'orphan') return `was ${printableLine(origin)}`;
  return `${role ? `role ${printableLine(role)}, ` : ''}${printableLine(origin)}`;
}

function withoutAction(step: ReportedStep, why: Why): string {
  const outcome = whatBecameOf(step);
  return step.outcome === 'held' && outcome ? outcome : [why(step), ...(outcome ? [outcome] : [])].join('; ');
}

/** Why there is something to do, in words. */
export function causeInWords({ cause, action, late }: Pick<ReportedStep, 'cause' | 'action' | 'late'>): string {
  if (late) return 'late: this run has brought it';
  switch (cause) {
    case 'upstream':
      return action === 'create' ? 'upstream: git added it' : 'upstream: git changed it';
    case 'drift':
      return action === 'create' ? 'drift: removed on this host' : 'drift: changed on this host';
    case 'conflict':
      return 'conflict: changed in git and on this host';
    case 'adopted':
      return 'adopted: already as git wants it';
    case 'orphan':
      return 'orphan: no longer in git';
    case 'unmanaged':
      return 'unmanaged: stood here before reconcile';
    case 'converged':
      return 'converged';
  }
}

function whatBecameOf({ outcome, reason }: ReportedStep): string | undefined {
  const because = reason ? `: ${printableLine(reason)}` : '';
  switch (outcome) {
    case 'unchanged':
    case 'pending':
    case 'changed':
      return reason ? printableLine(reason) : undefined;
    case 'failed':
      return `failed${because}`;
    case 'restored':
      return `restored to what it was${because}`;
    case 'not-reached':
      return `not reached${because}`;
    case 'held':
      return `held${because}`;
  }
}

/** What is behind each slash of a path: under one of them a tree tells of the file. */
const tailsOf = (path: string): readonly string[] => Array.from(path.matchAll(/\//g), ({ index }) => path.slice(index + 1));

/** Contents, other long texts and new files of a tree: the diff below shows them better. `unified`: tails of paths with a diff. */
function isInDiff({ field, from, to }: Change, unified: ReadonlySet<string>): boolean {
  if (field === 'content' || [from, to].some((value) => typeof value === 'string' && value.includes('\n'))) return true;
  if (from !== null && to !== null && modeOf(from) !== modeOf(to)) return false;
  return unified.has(field);
}

/** `0644 <digest>`: how a file of a tree is told. */
const treeFile = /^([0-7]{4}) ([0-9a-f]{64})$/;
const modeOf = (value: Json): string | undefined => (typeof value === 'string' ? treeFile.exec(value)?.[1] : undefined);
const isUnified = (text: string): boolean => /^(---|\+\+\+|@@) /.test(text);

/** Of a sensitive resource only what cannot be its secret: permission bits, and that nothing is there. */
function values({ field, from, to, sensitive }: Change): string {
  const isHidden = sensitive && field !== 'mode';
  const [before, after] = [from, to].map((value) => (isHidden ? '<secret>' : printableLine(shown(value))));
  if (from === null) return after!;
  return to === null ? `${before} → (removed)` : `${before} → ${after}`;
}

function shown(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const short = text.replace(/^([0-7]{4} |sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/, '$1$2');
  if (short !== text) return short;
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}

function diffLines(path: string, text: string, paint: Paint, allowance: DiffAllowance): string[] {
  const lines = printable(text).replace(/\n$/, '').split('\n');
  if (!isUnified(lines[0]!)) return [paint('dim', `    ${printableLine(path)}: ${lines.join(' ')}`)];
  const room = Math.max(0, Math.min(allowance.perFile, allowance.total));
  allowance.total -= Math.min(room, lines.length);
  // A cut that would hide a line or two costs a line itself.
  const kept = lines.length <= room + 1 ? lines : lines.slice(0, room);
  const rest = lines.length - kept.length;
  const shownLines = kept.map((line) => `    ${paintDiffLine(line, paint)}`);
  if (rest > 0) shownLines.push(paint('dim', `    ... ${rest} more lines of ${printableLine(path)}; --diff shows more`));
  return shownLines;
}

function paintDiffLine(line: string, paint: Paint): string {
  if (/^(---|\+\+\+) /.test(line)) return paint('bold', line);
  if (line.startsWith('@@ ')) return paint('cyan', line);
  if (line.startsWith('+')) return paint('green', line);
  return line.startsWith('-') ? paint('red', line) : line;
}
