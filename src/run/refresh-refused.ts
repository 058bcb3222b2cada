import type { ApplyDeps } from '../apply/apply.ts';
import { refreshRestored } from '../apply/refresh.ts';
import { openLocalHost } from '../host/local-host.ts';
import { noContents, type Address } from '../model/catalog.ts';
import type { ReportedCheck } from '../model/report.ts';
import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { removeStamp } from '../state/converged-stamp.ts';
import type { State } from '../state/state.ts';
import type { FullRun } from './plan-host.ts';
import type { Run } from './start-run.ts';

/**
 * Does what a rollback still owes where the plan is refused, or where there is none: nobody else would, and what runs here would not
 * be what is configured. As it was last applied, since nothing of a plan that is refused may be run. What fails stays owed.
 */
export async function refreshRefused(
  { request, emit }: FullRun,
  { id, scrub }: Run,
  owed: readonly Address[],
  state: State,
): Promise<readonly ReportedCheck[]> {
  if (owed.length === 0) return [];
  removeStamp(state.directory);
  await loadResourceTypes();
  const host = openLocalHost({ root: request.root });
  try {
    const ledger = state.ledger.all();
    const deps: ApplyDeps = { run: id, host, state, contents: noContents, ledger, types: resourceType, emit };
    return scrub(await refreshRestored(owed, [...ledger.values()], deps, new AbortController().signal));
  } finally {
    host.close();
  }
}
