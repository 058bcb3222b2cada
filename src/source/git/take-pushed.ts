import { milliseconds } from '../../model/duration.ts';
import type { TrustPolicy } from '../../model/host-policy-document.ts';
import { formatProblem, type Problem } from '../../model/problem.ts';
import type { Memory } from '../../model/reporter.ts';
import type { Source } from '../../model/revision.ts';
import type { Declined } from '../../model/visit.ts';
import { acceptPushed, awaitAcceptance } from './accept-pushed.ts';
import { commitSource } from './commit-source.ts';
import { isDiskError } from './follow.ts';
import { openJudge } from './judge-offer.ts';
import { borrowMirror, emptyMirror, openMirror, type Mirror } from './mirror.ts';
import { askGit, GitFailure, type GitCall } from './run-git.ts';
import { takeTurn } from './take-turn.ts';
import { isPast, readTrust, type Trusted } from './trust-memory.ts';
import { unbundle, type Unusable } from './unbundle.ts';

/** A revision that somebody has sent. */
export interface Pushed {
  /** State directory. */
  readonly directory: string;
  readonly trust: TrustPolicy;
  /** The part `source` of the agent's state. */
  readonly memory: Memory;
  readonly commit: string;
  readonly branch: string;
  /** Path of the git bundle that brings it; undefined where the host is said to have it. */
  readonly bundle: string | undefined;
}

interface Taken {
  readonly source: Source;
  /** Whether another revision was accepted here since it was judged, on top of which it may not be. */
  isOvertaken(): boolean;
  /** It was applied and verified here: older ones and other histories are refused from now on. Nothing is remembered before. */
  accept(): Promise<void>;
  /** It waits for a person to confirm this run. */
  acceptLater(run: string): void;
}

const timeout = '120s';

/** Takes a revision into the mirror and judges it by the rules for one that was fetched, so that it can be applied. */
export async function takePushed(pushed: Pushed, signal: AbortSignal): Promise<Taken | Declined> {
  const { directory, memory, commit, branch } = pushed;
  const judged = await judgePushed(pushed, () => openMirror(directory), signal);
  if ('type' in judged) return judged;
  return {
    source: commitSource({ stateDirectory: directory, commit, branch }),
    isOvertaken() {
      const now = readTrust(memory, directory);
      return 'code' in now || isPast(judged, now);
    },
    accept: () => acceptPushed(pushed, judged),
    acceptLater: (run) => awaitAcceptance(pushed, judged, run),
  };
}

/** Judges a revision in a place of its own, so that nothing of it stays: what can be looked at there, and never be applied. */
export async function tryPushed(pushed: Pushed, place: string, signal: AbortSignal): Promise<Source | Declined> {
  const { directory, commit, branch } = pushed;
  const judged = await judgePushed({ ...pushed, directory: place }, () => borrowMirror(directory, place), signal);
  if ('type' in judged) return judged;
  return commitSource({ stateDirectory: place, commit, branch, others: directory });
}

/** As what it is remembered once it is accepted; its contents are kept. */
async function judgePushed(pushed: Pushed, open: () => Mirror, signal: AbortSignal): Promise<Trusted | Declined> {
  const { directory, trust: policy, memory, commit, branch, bundle } = pushed;
  using _turn = await takeTurn(directory, milliseconds(timeout), signal);
  let trust = readTrust(memory, directory);
  if ('code' in trust) return refused(trust);
  try {
    const mirror = open();
    const call: GitCall = { directory: mirror.directory, config: {}, env: {}, timeout: milliseconds(timeout), signal };
    const judge = openJudge({ directory, remote: { timeout }, trust: policy });
    for (;;) {
      const disagreement = await judge.compareCopies(mirror, trust, signal);
      if (!disagreement) break;
      const now = readTrust(memory, directory);
      if ('code' in now || now.floor === trust.floor) return refused(disagreement);
      // Another run was accepted before they were compared.
      trust = now;
    }
    const unusable = bundle === undefined ? await findMissing(call, commit) : await unbundle(call, bundle, commit);
    if (unusable) {
      // What stands on a mirror that is damaged cannot be taken: with an empty one, the next push brings everything.
      if (unusable.mayBeMirror) emptyMirror(directory);
      return { type: 'declined', exit: unusable.exit, message: unusable.message, hint: unusable.hint };
    }
    mirror.setRef('pushed', commit);
    const problem = await judge.judge(mirror, { commit, branch, base: commit, remote: '' }, trust, signal);
    if (problem) return refused(problem);
    if (trust.floor !== null && mirror.ref('floor') !== trust.floor) mirror.setRef('floor', trust.floor);
    return { commit, branch, base: commit, floor: trust.floor };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GitFailure) && !isDiskError(error)) throw error;
    const hint = `see to the space and the health of the filesystem of ${directory}`;
    return { type: 'declined', exit: 'error', message: `what was pushed cannot be kept: ${error.message}`, hint };
  }
}

async function findMissing(call: GitCall, commit: string): Promise<Unusable | undefined> {
  const { exit } = await askGit(call, ['cat-file', '-t', commit]);
  return exit === 0
    ? undefined
    : { exit: 'error', message: `this host does not have ${commit}`, hint: 'push again, with a bundle', mayBeMirror: false };
}

const refused = (problem: Problem): Declined => ({
  type: 'declined',
  exit: 'refused',
  message: formatProblem({ ...problem, hint: '' }),
  ...(problem.hint !== undefined && { hint: problem.hint }),
});
