import { durationText } from '../model/duration.ts';
import type { Json } from '../model/json.ts';
import type { Cause } from '../model/plan.ts';
import { uncommittedMark, type Outcome, type ReportedStep } from '../model/report.ts';
import type { CommitNote } from '../model/revision.ts';
import { moment } from './moment.ts';
import type { Paint } from './paint.ts';
import { printable, printableLine } from './printable.ts';
import { allowanceFor, causeInWords, renderStep } from './render-step.ts';
import { uncommittedInWords } from './render-text.ts';

/** Where one resource comes from and what became of it. Holds no secret. */
export interface Explanation {
  readonly schema: 'reconcile.explanation/1';
  readonly address: string;
  readonly kind: string;
  /** What the repository wants, secrets as `<secret>`; null: it is no longer in git. */
  readonly desired: { readonly [attribute: string]: Json } | null;
  /** The file of a tree that was asked for. */
  readonly member?: { readonly path: string; readonly mode: string };
  /** The first lines of the desired content, where it is text and no secret is in it. */
  readonly content?: string;
  readonly role?: string;
  /** `roles/golden_state/role.yaml:12:5`. */
  readonly origin: string;
  /** Who wrote that line; null outside git and for what is not committed. */
  readonly commit: CommitNote | null;
  /** The file or template of the repository that the content is made from, and who changed it last. */
  readonly source?: { readonly file: string; readonly commit: CommitNote | null };
  /** Each with the layer that gave the value, and where it stands there. */
  readonly variables: readonly { readonly name: string; readonly layer: string; readonly at?: string }[];
  readonly after: readonly string[];
  readonly notify: readonly string[];
  readonly tags: readonly string[];
  readonly onDrift: string;
  readonly prune: string;
  readonly mode: string;
  readonly lastApplied: { readonly run: string; readonly time: string; readonly revision: string | null } | null;
  /** What a run would do now; null: nothing, or what is not known. */
  readonly now: ReportedStep | null;
  /** Why that is not known: nothing was compared. */
  readonly nowUnknown?: string;
  /** The last runs that had something to do with it, newest first. */
  readonly runs: readonly {
    readonly run: string;
    readonly time: string;
    readonly outcome: Outcome;
    readonly cause: Cause;
    readonly late?: true;
    readonly action: ReportedStep['action'];
    readonly reason?: string;
  }[];
}

/** An explanation for people. Ends with a newline. */
export function renderExplanation(explanation: Explanation, paint: Paint): string {
  const { address, desired, member, content, role, origin, commit, source, variables, lastApplied, now, nowUnknown, runs } =
    explanation;
  const line = (label: string, values: readonly string[]): string[] =>
    values.map((value, index) => `  ${paint('dim', (index === 0 ? label : '').padEnd(10))} ${printableLine(value)}`);
  // One file of a tree was asked for, not all of them.
  const wanted = Object.entries(desired ?? {}).filter(([name]) => !member || name !== 'files');
  const lines = [
    paint('bold', printableLine(address)),
    ...line('wanted', desired ? wanted.flatMap(attributeLines) : ['nothing: it is no longer in git']),
    ...line('file', member ? [`${member.path}, mode ${member.mode}`] : []),
    ...(content === undefined ? [] : content.split('\n').map((each) => `  ${' '.repeat(10)}   | ${printable(each)}`)),
    ...line(desired ? 'from' : 'was in', [`${role === undefined ? '' : `role ${role}, `}${origin}`]),
    ...(desired ? line('written', [commit ? commitInWords(commit) : 'not committed']) : []),
    ...line('made of', source ? [`${source.file}, ${source.commit ? commitInWords(source.commit) : 'not committed'}`] : []),
    ...line(
      'variables',
      variables.map(({ name, layer, at }) => `${name}: ${at ? layer.replace(at.replace(/(:\d+){2}$/, ''), at) : layer}`),
    ),
    ...line('after', firstOf(explanation.after)),
    ...line('refreshes', explanation.notify),
    ...line('rules', [`${explanation.mode}, on_drift: ${explanation.onDrift}, prune: ${explanation.prune}`]),
    ...line('tags', explanation.tags.length > 0 ? [explanation.tags.join(', ')] : []),
    ...line('applied', [lastApplied ? appliedInWords(lastApplied) : 'never']),
    ...line(
      'runs',
      runs.map((run) => `${run.run}  ${run.outcome}, ${causeInWords(run)}${run.reason ? `: ${run.reason}` : ''}`),
    ),
    ...line('now', now ? [] : [nowUnknown === undefined ? 'converged: nothing to do' : `not known: ${nowUnknown}`]),
  ];
  if (!now) return `${lines.join('\n')}\n`;
  return `${lines.join('\n')}\n  ${paint('dim', 'now')}\n${renderStep(now, paint, allowanceFor('full'))}`;
}

const firstOf = (all: readonly string[], most = 4): readonly string[] =>
  all.length <= most ? all : [...all.slice(0, most - 1), `... ${all.length - most + 1} more`];

/** `name: value`, or the members of the value below it. What is not set is left out. */
function attributeLines([name, value]: readonly [string, Json]): readonly string[] {
  const key = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) return [];
  if (typeof value === 'string' && value.includes('\n')) {
    return [
      `${key}:`,
      ...value
        .replace(/\n$/, '')
        .split('\n')
        .map((each) => `  | ${clip(each)}`),
    ];
  }
  if (typeof value === 'number' && spans.has(name)) return [`${key}: ${durationText(value)}`];
  if (typeof value !== 'object') return [`${key}: ${clip(String(value))}`];
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
    const isShort = items.join(', ').length <= 60;
    return isShort ? [`${key}: ${items.join(', ')}`] : [`${key}:`, ...items.map((item) => `  - ${clip(shortDigest(item))}`)];
  }
  const members = Object.entries(value as { readonly [member: string]: Json });
  return [
    `${key}:`,
    ...members.map(([member, each]) => `  ${member}: ${clip(typeof each === 'string' ? each : JSON.stringify(each))}`),
  ];
}

/** Attributes that hold milliseconds. */
const spans: ReadonlySet<string> = new Set(['timeout', 'settle', 'snapshot_after']);

const clip = (text: string): string => (text.length > 300 ? `${text.slice(0, 297)}...` : text);

/** Of a line that tells of a file, twelve digits of the digest are enough. */
const shortDigest = (text: string): string => text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/, '$1');

const commitInWords = (commit: CommitNote): string =>
  `${commit.id.slice(0, 8)} by ${commit.author}, ${moment(commit.time)}: ${commit.subject}`;

function appliedInWords({ run, time: at, revision }: NonNullable<Explanation['lastApplied']>): string {
  const others = uncommittedInWords(revision?.endsWith(uncommittedMark));
  return `${moment(at)} by run ${run}${revision ? ` at ${revision.slice(0, 8)}${others}` : ''}`;
}
