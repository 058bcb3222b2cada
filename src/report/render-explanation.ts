import type { Json } from '../model/json.ts';
import type { Cause } from '../model/plan.ts';
import type { Outcome, ReportedStep } from '../model/report.ts';
import type { Paint } from './paint.ts';
import { printable, printableLine } from './printable.ts';
import { causeInWords, renderStep } from './render-step.ts';

/** Where one resource comes from and what became of it. Holds no secret. */
export interface Explanation {
  readonly schema: 'reconcile.explanation/1';
  readonly address: string;
  readonly kind: string;
  /** What the repository wants, secrets as `<secret>`; null: it is no longer in git. */
  readonly desired: { readonly [attribute: string]: Json } | null;
  /** The first lines of the desired content, where it is text and no secret is in it. */
  readonly content?: string;
  readonly role?: string;
  /** `roles/golden_state/role.yaml:12:5`. */
  readonly origin: string;
  /** Who wrote that line; null outside git and for what is not committed. */
  readonly commit: { readonly id: string; readonly author: string; readonly time: string; readonly subject: string } | null;
  readonly variables: readonly { readonly name: string; readonly layer: string }[];
  readonly after: readonly string[];
  readonly notify: readonly string[];
  readonly tags: readonly string[];
  readonly onDrift: string;
  readonly prune: string;
  readonly mode: string;
  readonly lastApplied: { readonly run: string; readonly time: string; readonly revision: string | null } | null;
  /** What a run would do now; null: nothing. */
  readonly now: ReportedStep | null;
  /** The last runs that had something to do with it, newest first. */
  readonly runs: readonly {
    readonly run: string;
    readonly time: string;
    readonly outcome: Outcome;
    readonly cause: Cause;
    readonly action: ReportedStep['action'];
    readonly reason?: string;
  }[];
}

/** An explanation for people. Ends with a newline. */
export function renderExplanation(explanation: Explanation, paint: Paint): string {
  const { address, desired, content, role, origin, commit, variables, lastApplied, now, runs } = explanation;
  const wanted = Object.entries(desired ?? {}).map(([name, value]) => `${name}: ${text(value)}`);
  const line = (label: string, values: readonly string[]): string[] =>
    values.map((value, index) => `  ${paint('dim', (index === 0 ? label : '').padEnd(10))} ${printableLine(value)}`);
  const lines = [
    paint('bold', printableLine(address)),
    ...line('wanted', desired ? wanted : ['nothing: it is no longer in git']),
    ...(content === undefined ? [] : content.split('\n').map((each) => `  ${' '.repeat(10)}   | ${printable(each)}`)),
    ...line('from', [`${role === undefined ? '' : `role ${role}, `}${origin}`]),
    ...line('written', [
      commit ? `${commit.id.slice(0, 8)} by ${commit.author}, ${commit.time}: ${commit.subject}` : 'not committed',
    ]),
    ...line(
      'variables',
      variables.map(({ name, layer }) => `${name}: ${layer}`),
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
    ...line('now', now ? [] : ['converged: nothing to do']),
  ];
  if (!now) return `${lines.join('\n')}\n`;
  return `${lines.join('\n')}\n  ${paint('dim', 'now')}\n${renderStep(now, paint, { perFile: Infinity, total: Infinity })}`;
}

const firstOf = (all: readonly string[], most = 6): readonly string[] =>
  all.length <= most ? all : [...all.slice(0, most), `... ${all.length - most} more`];

const text = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

const appliedInWords = ({ run, time, revision }: NonNullable<Explanation['lastApplied']>): string =>
  `${time} by run ${run}${revision ? ` at ${revision.slice(0, 8)}` : ''}`;
