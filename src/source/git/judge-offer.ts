import { milliseconds } from '../../model/duration.ts';
import type { RemotePolicy, TrustPolicy } from '../../model/host-policy-document.ts';
import type { Problem } from '../../model/problem.ts';
import { isCommitId } from '../../model/revision.ts';
import { commonAncestor, isAncestor, type Offer } from './fetch.ts';
import { readCommits } from './commit-object.ts';
import { keepRevision, type Access } from './keep-revision.ts';
import { isScattered, type Mirror } from './mirror.ts';
import { openObjects } from './objects.ts';
import { isKept, isWhole } from './revision-store.ts';
import { runGit, type GitCall } from './run-git.ts';
import { checkSignatures } from './signatures.ts';
import { TooLarge } from './too-large.ts';
import { appliedBefore, trustLost, type Trust } from './trust-memory.ts';

interface Rules {
  /** State directory. */
  readonly directory: string;
  readonly remote: Pick<RemotePolicy, 'timeout'>;
  readonly trust: TrustPolicy;
}

/** Says whether an offer may be applied, and prepares it. What was judged once is not judged again, but for its signatures. */
interface Judge {
  /** A problem when the mirror's copy of the floor says more than the memory does, or something else. */
  compareCopies(mirror: Mirror, trust: Trust, signal: AbortSignal): Promise<Problem | undefined>;
  /** Whether this tip of the branch was found to be older than what was applied: it needs no fetch. */
  isBehind(tip: string, trust: Trust): boolean;
  /** A problem when the offer is refused; else its contents are kept. */
  judge(mirror: Mirror, offer: Offer, trust: Trust, signal: AbortSignal): Promise<Problem | undefined>;
  /**
   * The floor once an offer that is not refused was applied. What it stands on becomes that only where it is signed as asked: by the
   * floor nobody asks for keys.
   */
  nextFloor(mirror: Mirror, offer: Offer, trust: Trust, signal: AbortSignal): Promise<string | null>;
}

/** Judgements that are remembered: each remote may offer something else. */
const mostKnown = 8;

/** By the rules of this host's policy. Asks git once for what it has judged before, of a few revisions. */
export function openJudge({ directory, remote, trust: policy }: Rules): Judge {
  const known = new Map<string, Problem | undefined>();
  const callIn = (mirror: Mirror, signal: AbortSignal): GitCall => ({
    directory: mirror.directory,
    config: {},
    env: {},
    timeout: milliseconds(remote.timeout),
    signal,
  });
  return {
    async compareCopies(mirror, { floor }, signal) {
      const copy = mirror.ref('floor');
      if (copy === null || copy === floor) return undefined;
      // A power cut leaves the copy behind.
      if (floor !== null && (await isAncestor(callIn(mirror, signal), copy, floor))) return undefined;
      return trustLost(`the mirror says that ${copy} was applied, and the memory ${floor}`);
    },
    isBehind: (tip, trust) => known.get(topic({ commit: tip, base: tip }, trust))?.code === 'old-revision',
    async judge(mirror, offer, trust, signal) {
      const about = topic(offer, trust);
      // Keys come, are revoked and expire; what was applied needs none.
      const needsKeys = policy.verify !== 'off' && offer.commit !== trust.floor && offer.commit !== trust.applied?.commit;
      const earlier = known.get(about);
      if (earlier || (known.has(about) && !needsKeys && isKept(directory, offer.commit))) return earlier;
      const call = callIn(mirror, signal);
      await using objects = openObjects(call);
      const judgeAnew = async (): Promise<Problem | undefined> =>
        (await findStepBack({ call, objects }, trust.floor, offer)) ??
        (await checkSignatures(call, policy, trust.floor, offer.commit)) ??
        (await keep({ call, objects }, directory, offer, trust));
      const problem = await judgeAnew().catch((error: unknown) => {
        if (error instanceof TooLarge) return error.problem;
        throw error;
      });
      if (isScattered(mirror)) await runGit(call, ['repack', '-a', '-d', '--quiet']);
      known.delete(about);
      if (problem?.code !== 'untrusted-commit') known.set(about, problem);
      for (const oldest of known.keys()) if (known.size > mostKnown) known.delete(oldest);
      return problem;
    },
    async nextFloor(mirror, { commit, base }, { floor }, signal) {
      // What is judged with everything below it is judged with its base.
      if (base === commit || policy.verify !== 'tip') return base;
      return (await checkSignatures(callIn(mirror, signal), policy, floor, base)) ? floor : base;
    },
  };
}

/** What a judgement is about. */
const topic = ({ commit, base }: Pick<Offer, 'commit' | 'base'>, { floor }: Trust): string => `${floor} ${base} ${commit}`;

/** A testing branch may be rewritten; the branch below it may not. */
async function findStepBack(
  { call, objects }: Access,
  floor: string | null,
  { commit, branch, base }: Offer,
): Promise<Problem | undefined> {
  if (floor === null || floor === base) return undefined;
  // Nearly always it is the next one.
  if ((await readCommits(objects, [base])).get(base)?.parents.includes(floor)) return undefined;
  const common = await commonAncestor(call, floor, base);
  if (common === floor) return undefined;
  const name = branch ?? 'the commit';
  if (common === base) {
    const what = commit === base ? `${name} at ${base.slice(0, 12)}` : `what ${name} stands on, ${base.slice(0, 12)},`;
    return {
      code: 'old-revision',
      message: `${what} is older than ${floor.slice(0, 12)}, which was applied here`,
      hint: `if going back is meant, on this host: reconcile trust reset --to ${base}`,
    };
  }
  return {
    code: 'history-rewritten',
    message: `${name} at ${commit.slice(0, 12)} is not on top of ${floor.slice(0, 12)}, which was applied here: history was rewritten, or an old revision is played back`,
    hint: `if that is meant, on this host: reconcile trust reset --to ${base}`,
  };
}

async function keep(access: Access, directory: string, { commit }: Offer, trust: Trust): Promise<Problem | undefined> {
  if (isWhole(directory, commit)) return undefined;
  // The newest first: most of the new one is in it.
  const { applied, trusted } = trust;
  const others = [...trusted.slice(0, 2), applied, ...appliedBefore(trust)].map((each) => each?.commit).filter(isCommitId);
  const [first, ...rest] = await keepRevision(access, directory, commit, others);
  if (!first || rest.length === 0) return first;
  return { ...first, message: `${first.message} (and ${rest.length} more such problems)` };
}
