import type { Report } from '../model/report.ts';
import { Secret, type Secrets } from '../model/secret.ts';

/** Shorter texts are too common to be searched for; a secret of that length is none. */
const shortest = 6;

/**
 * Takes the text of every known secret out of a report, whatever way it got there (a program's error message, a file that
 * a person wrote). The last of three guards: secrets are typed, and contents that hold one are not shown at all.
 */
export function scrubReport(report: Report, secrets: Secrets): Report {
  const texts = secrets.names
    .map((name) => secrets.get(name))
    .filter((secret) => secret instanceof Secret)
    .flatMap((secret) => [secret.reveal(), ...secret.reveal().split('\n')])
    .map((text) => text.trim())
    .filter((text) => text.length >= shortest);
  if (texts.length === 0) return report;
  // Longest first: a part of a secret must not break up the whole.
  const escaped = [...new Set(texts)].sort((a, b) => b.length - a.length).map((text) => JSON.stringify(text).slice(1, -1));
  let json = JSON.stringify(report);
  for (const text of escaped) json = json.replaceAll(text, '<secret>');
  return JSON.parse(json) as Report;
}
