import type { Memory } from '../../model/reporter.ts';
import { isObject } from '../../model/json.ts';
import { isCommitId } from '../../model/revision.ts';
import { openKept } from './follow.ts';
import { isPast, readTrust, writeTrust, type Trusted } from './trust-memory.ts';

interface Acceptor {
  /** State directory. */
  readonly directory: string;
  /** The part `source` of the agent's state. */
  readonly memory: Memory;
}

const name = 'pending';

/** A pushed revision was applied and verified here: older ones and other histories are refused from now on. */
export async function acceptPushed({ directory, memory }: Acceptor, entry: Trusted): Promise<void> {
  const trust = readTrust(memory, directory);
  if (!('code' in trust)) {
    if (isPast(entry, trust)) return;
    writeTrust(memory, { ...trust, trusted: [entry, ...trust.trusted.filter(({ commit }) => commit !== entry.commit)] });
  }
  await openKept({ directory, memory }).accept(entry.commit);
  memory.set(name, undefined);
}

/** It is accepted when a person confirms the run that has applied it. */
export const awaitAcceptance = ({ memory }: Acceptor, entry: Trusted, run: string): void => memory.set(name, { run, entry });

/** A person has confirmed this run. Nothing happens for one that applied no pushed revision. */
export async function acceptConfirmed(acceptor: Acceptor, run: string): Promise<void> {
  const pending = acceptor.memory.get(name);
  if (!isObject(pending) || pending['run'] !== run) return;
  const { entry } = pending;
  if (isObject(entry) && isCommitId(entry['commit'])) await acceptPushed(acceptor, entry as unknown as Trusted);
}
