import type { Report } from '../model/report.ts';
import { plain } from '../report/paint.ts';
import { count, problemLines, renderReport } from '../report/render-text.ts';
import { fenced } from './fenced.ts';

/** Characters of the plan; a page that is longer helps nobody. */
const longestPlan = 30_000;

/**
 * The plan of one host for a pull request, as Markdown. Of an untrusted author nothing that depends on the host: a pull
 * request may name any file, and its diff, or that there is one, would publish what is in it.
 */
export function planComment({
  host,
  commit,
  trusted,
  report,
}: {
  readonly host: string;
  readonly commit: string;
  readonly trusted: boolean;
  readonly report: Report;
}): string {
  const head = `**${host}**, plan for ${commit}:`;
  if (trusted) return [head, '', fenced(renderReport(report, plain, 'brief'), longestPlan), '', trustedNote].join('\n');
  const { problems, counts } = report;
  const rendered = `${count(counts.resources, 'resource')}, ${count(problems.length, 'problem')}`;
  const text = [...problemLines(problems, plain), rendered].join('\n');
  return [head, '', fenced(text, longestPlan), '', untrustedNote].join('\n');
}

const trustedNote = 'Planned on the host against what is there now; nothing was changed.';
const untrustedNote =
  'The author, or the owner of the fork, is not among `trusted_authors` of this host: the revision was only rendered, without ' +
  'secrets and guards, and not compared with the host.';
