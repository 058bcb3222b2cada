import { pathsUndo } from '../apply/undo.ts';
import type { HostReader } from '../host/host.ts';
import { idIn } from '../model/catalog.ts';
import { sha256 } from '../model/json.ts';
import type { Report, ReportedStep } from '../model/report.ts';
import { largestUndo } from '../model/undo-limit.ts';
import type { State } from '../state/state.ts';

/** What somebody has written over what a run left at a path, and taking that run back puts something else in the place of. */
export interface Lost {
  readonly path: string;
  /** Digest of what the run left; null: nothing. */
  readonly left: string | null;
  readonly now: Buffer;
  before(): Buffer | undefined;
}

/**
 * By step, for runs that are taken back in this order. Only of whole files whose digests the reports have: of secrets nothing is
 * compared. What taking one run back puts there is what the next one finds.
 */
export function lostSince(
  runs: readonly string[],
  reports: readonly Report[],
  { journal }: Pick<State, 'journal'>,
  reader: Pick<HostReader, 'stat' | 'readFile'>,
): ReadonlyMap<ReportedStep, readonly Lost[]> {
  const lost = new Map<ReportedStep, Lost[]>();
  const standing = new Map<string, Lost['before']>();
  for (const run of runs) {
    const steps = reports.find((report) => report.run === run)?.steps ?? [];
    const byAddress = new Map(steps.map((step) => [step.address, step]));
    for (const { address, entry } of journal.undoOf(run)) {
      // Files of others too, and what is handed over to them, are not put back whole.
      if ('shared' in entry || 'made' in entry) continue;
      const step = byAddress.get(address);
      for (const undo of pathsUndo(entry)?.paths ?? []) {
        if (undo.was !== 'file' && undo.was !== 'absent') continue;
        const { path } = undo;
        const digest = undo.was === 'file' ? undo.sha256 : undefined;
        const before = () => (digest === undefined ? undefined : journal.content(run, digest));
        const left = step && leftAt(path, step);
        const now = left === undefined ? undefined : attempt(standing.get(path) ?? (() => readNow(path, reader)));
        standing.set(path, before);
        if (!step || left === undefined || !now) continue;
        const found = sha256(now);
        if (found !== left && found !== digest) lost.set(step, [...(lost.get(step) ?? []), { path, left, now, before }]);
      }
    }
  }
  return lost;
}

/** Undefined where the report does not say. */
function leftAt(path: string, { address, changes }: ReportedStep): string | null | undefined {
  const id = idIn(address);
  const change = changes.find(({ field }) => (field === 'content' ? id : `${id}/${field}`) === path);
  if (!change) return undefined;
  if (change.to === null) return null;
  return /^(?:[0-7]{4} )?([0-9a-f]{64})$/.exec(String(change.to))?.[1];
}

const readNow = (path: string, reader: Pick<HostReader, 'stat' | 'readFile'>): Buffer | undefined =>
  reader.stat(path)?.type === 'file' ? reader.readFile(path, largestUndo) : undefined;

/** What cannot be read is not compared: whoever restores it says what is wrong. */
function attempt(read: Lost['before']): Buffer | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
