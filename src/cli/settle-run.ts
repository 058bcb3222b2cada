import { textOption, type Invocation } from './invocation.ts';
import { awaitConfirmation } from '../operations/await-confirmation.ts';
import type { Event } from '../model/event.ts';
import type { Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import { stateDirectory } from '../state/state-directory.ts';
import { reachesRemote } from './remote-source.ts';

/**
 * The end of a run whose remote has to confirm it: waits for that, or takes the run back. Gives the report as it is then; as it was
 * where a signal came first, since the timer sees to the rest.
 */
export async function settleRun(
  invocation: Invocation,
  { tags, accept }: Request,
  report: Report,
  emit: (event: Event) => void,
): Promise<Report> {
  const url = report.revision.workingTree ? undefined : textOption(invocation, 'source');
  const host = textOption(invocation, 'host');
  const reach = (signal: AbortSignal): Promise<boolean> => reachesRemote({ host, root: undefined, signal }, url);
  const acceptWhole = async (settled: Report): Promise<void> => {
    if (tags.length === 0) await accept?.(settled);
  };
  const waiting = { stateDirectory: stateDirectory(), reach, accept: acceptWhole, emit };
  return (await awaitConfirmation(report.run, waiting, invocation.signal)) ?? report;
}
