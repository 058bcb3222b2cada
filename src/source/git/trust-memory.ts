import type { Memory } from '../../model/reporter.ts';
import type { Problem } from '../../model/problem.ts';
import { isObject } from '../../model/json.ts';
import { isCommitId } from '../../model/revision.ts';
import { mirrorIn } from './mirror.ts';
import type { Offer } from './fetch.ts';

/** A revision that was found trustworthy. */
export interface Trusted extends Pick<Offer, 'commit' | 'branch'> {
  /** The floor once it was applied. */
  readonly base: string | null;
  /** The floor that it was compared with. */
  readonly floor: string | null;
}

interface Applied {
  readonly commit: string;
  readonly branch: string | null;
}

/** What this host has come to trust. */
export interface Trust {
  /** New revisions must be on top of it. Null: nothing was applied yet. */
  readonly floor: string | null;
  /** The revision that was last applied and verified. */
  readonly applied: Applied | null;
  /**
   * What was applied, newest first, in case it is taken back. It begins with `applied`; else an earlier version has written that, which
   * leaves this as it was.
   */
  readonly accepted?: readonly Applied[];
  /** Newest first. */
  readonly trusted: readonly Trusted[];
}

/** Another revision was accepted since it was found trustworthy, on top of which it may not be. */
export const isPast = ({ base, floor: compared }: Trusted, { floor }: Trust): boolean => floor !== compared && floor !== base;

const name = 'trust';
const mostTrusted = 4;
/** Their contents are on the disk. */
const mostAccepted = 3;

/** Reads it; a problem where it cannot be told any more. Then nothing may be applied: it must never look like a first run. */
export function readTrust(memory: Memory, stateDirectory: string): Trust | Problem {
  // First: what is accepted at this moment is remembered before it is copied.
  const copy = mirrorIn(stateDirectory).ref('floor');
  let written: unknown;
  try {
    written = memory.get(name);
  } catch (error) {
    return trustLost((error as Error).message);
  }
  const trust = written ?? { floor: null, applied: null, trusted: [] };
  if (!isTrust(trust)) return trustLost('what is remembered of it is not what was written');
  if (trust.floor === null && copy !== null)
    return trustLost(`the mirror says that ${copy} was applied, and nothing else remembers it`);
  return trust;
}

export const trustLost = (reason: string): Problem => ({
  code: 'trust-lost',
  message: `which revisions this host trusts cannot be told: ${reason}`,
  hint: 'find out what happened to the state directory; then, with the commit to trust: reconcile trust reset --to SHA',
});

export const writeTrust = (memory: Memory, trust: Trust): void =>
  memory.set(name, {
    ...trust,
    trusted: trust.trusted.slice(0, mostTrusted),
    ...(trust.accepted && { accepted: trust.accepted.slice(0, mostAccepted) }),
  });

/** The same for one who has read it a while ago: what came meanwhile stays. Nothing where it cannot be told any more. */
export function changeTrust(memory: Memory, stateDirectory: string, change: (now: Trust) => Trust): void {
  const now = readTrust(memory, stateDirectory);
  if (!('code' in now)) writeTrust(memory, change(now));
}

/** What was applied before the revision that was last applied, newest first. */
export const appliedBefore = ({ applied, accepted = [] }: Trust): readonly Applied[] =>
  accepted[0]?.commit === applied?.commit ? accepted.slice(1) : [];

/** A person on this host says from which commit on revisions are trusted. What was applied last stays until the next fetch. */
export function resetTrust(memory: Memory, stateDirectory: string, commit: string): void {
  const trust = readTrust(memory, stateDirectory);
  writeTrust(memory, { floor: commit, applied: 'code' in trust ? null : trust.applied, trusted: [] });
  // The copy is written by the next look, which knows whether the mirror has the commit.
  mirrorIn(stateDirectory).setRef('floor', null);
}

function isTrust(value: unknown): value is Trust {
  if (!isObject(value)) return false;
  const { floor, applied, accepted = [], trusted } = value;
  const isCommit = (each: unknown): boolean => isObject(each) && isCommitId(each['commit']);
  return (
    (floor === null || isCommitId(floor)) &&
    (applied === null || isCommit(applied)) &&
    [accepted, trusted].every((each) => Array.isArray(each) && each.every(isCommit))
  );
}
