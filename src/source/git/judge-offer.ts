import { milliseconds } from '../../model/duration.ts';
import type { RemotePolicy, TrustPolicy } from '../../model/host-policy-document.ts';
import type { Problem } from '../../model/problem.ts';
import { isAncestor, type Offer } from './fetch.ts';
import { readCommits } from './commit-object.ts';
import { keepRevision, type Access } from './keep-revision.ts';
import { isCommitId, isScattered, type Mirror } from './mirror.ts';
import { openObjects } from './objects.ts';
import { isKept, isWhole } from './revision-store.ts';
import { runGit, type GitCall } from './run-git.ts';
import { checkSignatures } from './signatures.ts';
import { trustLost, type Trust } from './trust-memory.ts';

interface Rules {
  /** State directory. */
  readonly directory: string;
  readonly remote: Pick<RemotePolicy, 'timeout'>;
  readonly trust: TrustPolicy;
}

/** Says whether an offer may be applied, and prepares it. What was judged once is not judged again. */
interface Judge {
  /** A problem when the mirror's copy of the floor says more than the memory does, or something else. */
  compareCopies(mirror: Mirror, trust: Trust, signal: AbortSignal): Promise<Problem | undefined>;
  /** A problem when the offer is refused; else its contents are kept. */
  judge(mirror: Mirror, offer: Offer, trust: Trust, signal: AbortSignal): Promise<Problem | undefined>;
}

export function openJudge({ directory, remote, trust: policy }: Rules): Judge {
  let known: { readonly about: string; readonly problem: Problem | undefined } | undefined;
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
    async judge(mirror, offer, trust, signal) {
      const about = `${trust.floor} ${offer.base} ${offer.commit}`;
      if (known?.about === about && (known.problem || isKept(directory, offer.commit))) return known.problem;
      const call = callIn(mirror, signal);
      await using objects = openObjects(call);
      const problem =
        (await findRewrite({ call, objects }, trust.floor, offer)) ??
        (await checkSignatures(call, policy, trust.floor, offer.commit)) ??
        (await keep({ call, objects }, directory, offer, trust));
      if (isScattered(mirror)) await runGit(call, ['repack', '-a', '-d', '--quiet']);
      known = { about, problem };
      return problem;
    },
  };
}

/** A testing branch may be rewritten; the branch below it may not. */
async function findRewrite(
  { call, objects }: Access,
  floor: string | null,
  { commit, branch, base }: Offer,
): Promise<Problem | undefined> {
  if (floor === null || floor === base) return undefined;
  // Nearly always it is the next one.
  if ((await readCommits(objects, [base])).get(base)?.parents.includes(floor)) return undefined;
  if (await isAncestor(call, floor, base)) return undefined;
  const name = branch ?? 'the commit';
  return {
    code: 'history-rewritten',
    message: `${name} at ${commit.slice(0, 12)} is not on top of ${floor.slice(0, 12)}, which was applied here: history was rewritten, or an old revision is played back`,
    hint: `if that is meant, on this host: reconcile trust reset --to ${base}`,
  };
}

async function keep(
  access: Access,
  directory: string,
  { commit }: Offer,
  { applied, trusted }: Trust,
): Promise<Problem | undefined> {
  if (isWhole(directory, commit)) return undefined;
  // The newest first: most of the new one is in it.
  const others = [...trusted.slice(0, 2).map((each) => each.commit), applied?.commit].filter(isCommitId);
  const [first, ...rest] = await keepRevision(access, directory, commit, others);
  if (!first || rest.length === 0) return first;
  return { ...first, message: `${first.message} (and ${rest.length} more such problems)` };
}
