import { rollBack } from '../apply/rollback.ts';
import { openLocalHost } from '../host/local-host.ts';
import type { Report, Unrestored } from '../model/report.ts';
import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { removeStamp } from '../state/converged-stamp.ts';
import type { State } from '../state/state.ts';
import { readUnconfirmed } from '../state/unconfirmed.ts';
import { keepReport } from './keep-report.ts';
import type { FullRun } from './plan-host.ts';
import type { Run } from './start-run.ts';

/** How many runs of a revision in a row may be killed before it is given up. */
const mostKilled = 3;

/** What became of what earlier runs left behind. */
interface Recovered {
  readonly restored: readonly string[];
  /** Where the work of others is now, and what stays, in words. */
  readonly aside: readonly string[];
  /** What was given up. */
  readonly unrestored: readonly Unrestored[];
}

/** Puts back what runs that were killed, or could not be taken back, had changed. A Report when that fails: nothing else is done then. */
export async function recover({ request, emit }: FullRun, state: State, run: Run): Promise<Recovered | Report> {
  const { journal } = state;
  const restored: string[] = [];
  const aside: string[] = [];
  const unrestored: Unrestored[] = [];
  if (!journal.open()) return { restored, aside, unrestored };
  removeStamp(state.directory);
  await loadResourceTypes();
  const host = openLocalHost({ root: request.root });
  try {
    // One that a crash cut short, or those that a person has asked to take back, newest first.
    for (let open = journal.open(); open; open = journal.open()) {
      const killed = open;
      const result = await rollBack(open.run, state, host, resourceType, () => blameKilled(killed, state));
      const { failures, isOpen } = result;
      aside.push(...result.aside);
      restored.push(...result.restored);
      if (failures.length > 0) unrestored.push({ run: open.run, faults: failures, isOpen });
      if (isOpen) {
        const report = run.report({
          outcome: 'rollbackIncomplete',
          summary: [
            `Run ${open.run} was interrupted and cannot be taken back completely`,
            ...aside,
            'nothing else was done',
          ].join('; '),
          problems: failures.map((message) => ({ code: 'unsafe-target', message })),
          unrestored,
        });
        return keepReport(report, state);
      }
      if (readUnconfirmed(state.directory)?.run === open.run) await (await import('../confirm/arm.ts')).disarm(state.directory);
      emit({
        type: 'recovered',
        run: open.run,
        addresses: result.restored,
        ...(result.aside.length > 0 && { aside: result.aside }),
        ...(failures.length > 0 && { faults: failures }),
      });
    }
    return run.scrub({ restored: [...new Set(restored)], aside, unrestored });
  } finally {
    host.close();
  }
}

/** A power cut says nothing against a revision. One whose runs do not survive is given up. */
function blameKilled({ run, key }: { readonly run: string; readonly key: string }, { journal }: State): void {
  const times = journal.countKilled(key);
  if (times >= mostKilled && journal.quarantined(() => key) === undefined)
    journal.quarantine({ key, run, reason: `${times} runs in a row were killed` });
}

/** The report of the run that recovered. It is kept, also of one that has nothing else to tell, where a person must know. */
export function withRecovered(report: Report, { restored, aside, unrestored }: Recovered, state: State): Report {
  const lost = unrestored.map(({ run, faults }) => `Of run ${run} this could not be put back: ${faults.join('; ')}`);
  const all = {
    ...report,
    recovered: restored,
    summary: [report.summary, ...aside, ...lost].join('. '),
    ...(unrestored.length > 0 && { unrestored: [...unrestored, ...(report.unrestored ?? [])] }),
  };
  return aside.length + lost.length > 0 ? keepReport(all, state) : all;
}
