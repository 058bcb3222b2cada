import { listed } from '../model/listed.ts';
import { outcomeWords } from '../report/outcome-in-words.ts';
import { printableLine } from '../report/printable.ts';
import { count } from '../report/render-text.ts';
import type { Digest } from '../model/digest.ts';
import { shorten } from '../report/shorten.ts';
import { clockTime, dayAndTime, revisionName } from './notice.ts';

const mostPerList = 8;

/** A digest for a small screen: first what needs a person, then what happened. Ends with a newline. */
export function renderDigest(digest: Digest): string {
  const { since, until, runs, failures, changes, drift } = digest;
  const needs = needsOf(digest);
  const lines = [
    `Digest ${dayAndTime(since)} to ${dayAndTime(until)}`,
    runs.total === 0 ? 'No run changed anything or failed.' : `${count(runs.total, 'run')}, ${runs.failed} failed`,
    ...standing(digest),
    ...section('Needs a person', needs),
    ...(needs.length === 0 ? ['Nothing needs a person.'] : []),
    ...section(
      'Failures',
      failures.map(
        ({ run, at, outcome, reason }) =>
          `${clockTime(at)} ${outcomeWords(outcome)}: ${shorten(reason, 160)} (reconcile show ${run})`,
      ),
    ),
    ...section(
      'Changes',
      changes.map(({ at, commit, addresses }) => `${clockTime(at)} ${revisionName(commit, null)}: ${listed(addresses, 3)}`),
    ),
    ...section(
      'Healed local edits',
      drift.healed.map(({ address, times }) => `${address}${times > 1 ? `, ${times} times` : ''}`),
    ),
  ];
  return `${lines.map(printableLine).join('\n')}\n`;
}

function needsOf({ now, drift, takenBack }: Digest): readonly string[] {
  const left = [
    ...takenBack.map(({ at, summary }) => `${clockTime(at)} ${shorten(summary, 240)}`),
    ...drift.left.map((address) => `differs and is not healed: ${address}`),
  ];
  if (!now) return left;
  const { approval, suspended, stalled, quarantine, failed, updateTakenBack, health, fetch, contested } = now;
  // What was left before this day.
  const others = drift.left.length === 0 ? now.differing - contested.length : 0;
  return [
    ...(approval && !approval.approved
      ? [`approval: ${approval.reason} (reconcile approve ${approval.run}, before ${dayAndTime(approval.expires)})`]
      : []),
    ...(stalled === null ? [] : [`stalled: ${stalled}`]),
    ...(quarantine === null
      ? []
      : [
          `${revisionName(quarantine.commit, null)} is in quarantine: ${shorten(quarantine.reason, 160)} (push a fix, or reconcile release)`,
        ]),
    ...(failed === null
      ? []
      : [`${outcomeWords(failed.outcome)}: ${shorten(failed.summary, 160)} (reconcile show ${failed.run})`]),
    ...(updateTakenBack === null ? [] : [`the update to version ${updateTakenBack.version} was taken back: install another one`]),
    ...(health === null ? [] : [`unhealthy: ${health}`]),
    ...(fetch === null ? [] : [`fetching fails: ${fetch}`]),
    ...contested.map((address) => `contested: ${address}`),
    ...(suspended ? [`suspended by ${suspended.by} until ${dayAndTime(suspended.until)}: ${suspended.reason}`] : []),
    ...(others > 0 ? [`differs and is not healed: ${count(others, 'resource')} (reconcile status)`] : []),
    ...left,
  ];
}

function standing({ now }: Digest): readonly string[] {
  if (!now) return [];
  const proved = now.lastSuccess === null ? 'never proved' : `last proved ${dayAndTime(now.lastSuccess)}`;
  const behind = now.seen !== null && now.seen !== now.applied ? `; ${now.seen.slice(0, 8)} is seen and not applied` : '';
  return [`${now.applied === null ? 'Nothing applied yet' : `At ${revisionName(now.applied, now.branch)}`}, ${proved}${behind}`];
}

function section(title: string, entries: readonly string[]): readonly string[] {
  if (entries.length === 0) return [];
  const shown = entries.slice(0, mostPerList).map((entry) => `- ${entry}`);
  return [`${title}:`, ...shown, ...(entries.length > mostPerList ? [`- and ${entries.length - mostPerList} more`] : [])];
}
