import { milliseconds } from '../../model/duration.ts';
import type { RemotePolicy, TrustPolicy } from '../../model/host-policy-document.ts';
import type { Memory } from '../../model/reporter.ts';
import type { Follower, Look } from '../../model/follower.ts';
import { StateError } from '../../state/state-error.ts';
import { commitSource } from './commit-source.ts';
import { fetchOffers, summarize, type NoOffer, type Offer } from './fetch.ts';
import { openJudge } from './judge-offer.ts';
import { mirrorIn, openMirror, openSpareMirror, swapMirror, type Mirror } from './mirror.ts';
import { isWhole } from './revision-store.ts';
import { GitFailure } from './run-git.ts';
import { takeTurn } from './take-turn.ts';
import { appliedBefore, changeTrust, isPast, readTrust, writeTrust, type Trust, type Trusted } from './trust-memory.ts';

/** What following a remote takes. */
interface Followed {
  /** State directory of the host. */
  readonly directory: string;
  readonly remote: RemotePolicy;
  readonly trust: TrustPolicy;
  /** Its name in the inventory: `testing-<host>` is its testing branch. */
  readonly host: string;
  /** The part `source` of the agent's state, whoever follows. */
  readonly memory: Memory;
}

interface Way {
  readonly signal: AbortSignal;
  readonly isExpected: boolean;
  /** Into the spare mirror: there is no other one to try. */
  readonly isSpare: boolean;
}

/** What a host keeps without its remote. */
type Kept = Pick<Follower, 'accept' | 'isOvertaken' | 'forsake' | 'lastGood'>;

const nothing = { source: undefined, commit: null, branch: null, seen: null, remote: null };

/** Follows the remotes of the host policy into a mirror and the kept revisions below the state directory. */
export function openFollower(followed: Followed): Follower {
  const { directory, remote, memory } = followed;
  const judge = openJudge(followed);

  /** Fetches into a mirror, judges what came, and remembers it. Undefined: the mirror may be damaged. */
  const lookInto = async (mirror: Mirror, trust: Trust, { signal, isExpected, isSpare }: Way): Promise<Look | undefined> => {
    const disagreement = await judge.compareCopies(mirror, trust, signal);
    if (disagreement) return { ...nothing, state: 'refused', problem: disagreement };
    const none: NoOffer[] = [];
    const isBehind = (tip: string): boolean => judge.isBehind(tip, trust);
    for await (const offer of fetchOffers({ ...followed, mirror, signal, isExpected, isBehind })) {
      const found = 'problem' in offer ? offer : await takeOffer(mirror, offer, trust, signal);
      const passedOver = none.map(({ problem }) => problem.message).join('; ');
      if ('source' in found) return { ...found, ...(passedOver !== '' && { passedOver }) };
      none.push(found);
    }
    const { state, problem, remote: from, mayBeMirror } = summarize(none);
    if (mayBeMirror && !isSpare) return undefined;
    return { ...enforced(directory, trust), seen: null, remote: from, state, problem };
  };

  /** What to do with what a remote offers. One that is behind is none: the next one may have more. */
  const takeOffer = async (mirror: Mirror, offer: Offer, trust: Trust, signal: AbortSignal): Promise<Look | NoOffer> => {
    const { commit, branch, remote: from } = offer;
    const problem = await judge.judge(mirror, offer, trust, signal);
    const now = readTrust(memory, directory);
    if ('code' in now) return { ...nothing, state: 'refused', problem: now };
    // While it was fetched and judged a person has said what to trust, or a run was accepted.
    if (now.floor !== trust.floor) return takeOffer(mirror, offer, now, signal);
    if (problem?.code === 'old-revision')
      return {
        problem: { ...problem, message: `${from}: ${problem.message}` },
        mayBeMirror: false,
        state: 'behind',
        remote: from,
      };
    if (problem) {
      // Its key was revoked since, which may have signed others too.
      const isDistrusted = trust.trusted.some((each) => each.commit === commit);
      const rest = isDistrusted ? { ...trust, trusted: [] } : trust;
      if (isDistrusted) changeTrust(memory, directory, (now) => ({ ...now, trusted: [] }));
      return { ...enforced(directory, rest), seen: commit, remote: from, state: 'refused', problem };
    }
    // It is in the mirror: the offer is on top of it.
    if (trust.floor !== null && mirror.ref('floor') !== trust.floor) mirror.setRef('floor', trust.floor);
    const base = await judge.nextFloor(mirror, offer, trust, signal);
    const entry: Trusted = { commit, branch, base, floor: trust.floor };
    if (JSON.stringify(trust.trusted[0]) !== JSON.stringify(entry))
      changeTrust(memory, directory, (now) => ({
        ...now,
        trusted: [entry, ...now.trusted.filter((each) => each.commit !== commit)],
      }));
    const source = commitSource({ stateDirectory: directory, commit, branch });
    return { source, commit, branch, seen: commit, remote: from, state: 'fetched' };
  };

  /** A failure of git, or of the disk below it, is an answer. */
  const tryMirror = async (open: typeof openMirror, trust: Trust, way: Way): Promise<Look | Error | undefined> => {
    try {
      return await lookInto(open(directory), trust, way);
    } catch (error) {
      way.signal.throwIfAborted();
      if (error instanceof GitFailure || isDiskError(error)) return error;
      throw error;
    }
  };

  return {
    async look(signal, isExpected = false) {
      using _turn = await takeTurn(directory, milliseconds(remote.timeout), signal);
      const trust = readTrust(memory, directory);
      if ('code' in trust) return { ...nothing, state: 'refused', problem: trust };
      const first = await tryMirror(openMirror, trust, { signal, isExpected, isSpare: false });
      if (first && !(first instanceof Error)) return first;
      // The mirror itself may be damaged: a new one takes its place, if it can be filled.
      const second = isDiskError(first) ? first : await tryMirror(openSpareMirror, trust, { signal, isExpected, isSpare: true });
      if (second && !(second instanceof Error)) {
        if (second.state !== 'offline') swapMirror(directory);
        return second;
      }
      const message = `what is fetched cannot be kept: ${second?.message ?? first?.message ?? ''}`;
      const hint = `see to the space and the health of the filesystem of ${directory}`;
      return { ...nothing, ...enforced(directory, trust), state: 'offline', problem: { code: 'remote-failed', message, hint } };
    },
    ...openKept(followed),
  };
}

/** The revisions that are kept here, and the one that was accepted; neither needs a remote. */
export function openKept({ directory, memory }: Pick<Followed, 'directory' | 'memory'>): Kept {
  return {
    async accept(commit) {
      const trust = readTrust(memory, directory);
      if ('code' in trust) throw new StateError(trust.message, trust.hint ?? '');
      const entry = trust.trusted.find((each) => each.commit === commit);
      // Of a run that was confirmed late, another one may stand upon it by now.
      if (entry && isPast(entry, trust)) return;
      const floor = entry && entry.floor === trust.floor ? entry.base : trust.floor;
      if (trust.applied?.commit === commit && trust.floor === floor) return;
      const applied = { commit, branch: entry?.branch ?? null };
      const before = [...(trust.applied ? [trust.applied] : []), ...appliedBefore(trust)];
      const accepted = [applied, ...before.filter((each) => each.commit !== commit)];
      writeTrust(memory, { ...trust, floor, applied, accepted });
      if (floor !== null) mirrorIn(directory).setRef('floor', floor);
    },
    isOvertaken(commit) {
      const trust = readTrust(memory, directory);
      if ('code' in trust) return false;
      const entry = trust.trusted.find((each) => each.commit === commit);
      // A person has gone back in trust since, and has applied what is trusted now.
      return entry ? isPast(entry, trust) : trust.applied?.commit !== commit;
    },
    forsake(commit) {
      const trust = readTrust(memory, directory);
      if ('code' in trust || trust.applied?.commit !== commit) return;
      const accepted = appliedBefore(trust);
      // Without one it stays: a host that has none waits for no wave.
      if (accepted[0]) writeTrust(memory, { ...trust, applied: accepted[0], accepted });
    },
    lastGood() {
      const trust = readTrust(memory, directory);
      return 'code' in trust ? undefined : enforced(directory, { ...trust, trusted: [] }).source;
    },
  };
}

/** What a filesystem did, not this program. */
export const isDiskError = (error: unknown): error is Error =>
  error instanceof Error && 'syscall' in error && 'code' in error && !(error instanceof StateError);

/** The newest trusted revision that is kept here, else the last good one. */
function enforced(stateDirectory: string, { applied, trusted }: Trust): Pick<Look, 'source' | 'commit' | 'branch'> {
  const found = [...trusted.slice(0, 1), ...(applied ? [applied] : [])].find(({ commit }) => isWhole(stateDirectory, commit));
  if (!found) return nothing;
  const { commit, branch } = found;
  return { source: commitSource({ stateDirectory, commit, branch }), commit, branch };
}
