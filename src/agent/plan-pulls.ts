import { openGitea } from '../gitea/client.ts';
import { planPullRequests, type PullHead } from '../gitea/plan-pull-requests.ts';
import type { GiteaPolicy, RemotePolicy } from '../model/host-policy-document.ts';
import { monotonic } from '../model/monotonic.ts';
import type { Problem } from '../model/problem.ts';
import type { Memory, Recipient, Reporter } from '../model/reporter.ts';
import type { Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import type { Source } from '../model/revision.ts';
import type { Secret } from '../model/secret.ts';
import { validateRepository } from '../operations/validate-repository.ts';
import { openVisitPlace } from '../operations/visit-place.ts';
import { reconcile } from '../reconcile.ts';
import { startRun } from '../run/start-run.ts';
import { fetchPull } from '../source/git/fetch-pull.ts';

interface Settings {
  readonly policy: GiteaPolicy;
  readonly remote: RemotePolicy;
  readonly token: () => Secret;
  readonly host: string;
  readonly memory: Memory;
  readonly stateDirectory: string;
  readonly place: Pick<Request, 'host' | 'root'>;
}

/** Says in open pull requests what they would do to this host, once for each look at the remote. */
export function openPullPlanner(settings: Settings): Reporter {
  const { policy, token, host, memory } = settings;
  const client = openGitea({ url: policy.url, token });
  // Not kept over a restart: what is open is found again by the next look.
  let lastLook: string | undefined;
  let planned: string | undefined;
  const deliver: Recipient['deliver'] = async (signal) => {
    if (lastLook === planned) return {};
    const look = lastLook;
    const plan = (head: PullHead): Promise<Report | undefined> => planPull(head, settings, signal);
    const told = await planPullRequests({ client, policy, host, memory, plan }, signal);
    if (told.problem === undefined) planned = look;
    return told;
  };
  return {
    name: 'pull requests',
    note({ type, status: { fetch } }) {
      if (type === 'ended' && fetch?.ok) lastLook = fetch.at;
    },
    recipients: [{ deliver }],
  };
}

/** A check of this host; of an untrusted author only whether it compiles, without secrets and without a look at the host. */
async function planPull(
  { ref, commit, trusted }: PullHead,
  { stateDirectory, remote, host, place }: Settings,
  signal: AbortSignal,
): Promise<Report | undefined> {
  using own = openVisitPlace(stateDirectory);
  const fetched = await fetchPull({ stateDirectory, remote, ref, commit, trusted, place: own.path }, signal);
  if (!fetched) return undefined;
  if (!('open' in fetched)) return rendered(commit, host, fetched, 0);
  const request = { action: 'check', source: fetched, ...place, tags: [], paranoid: false } as const;
  if (trusted) return await reconcile(request, () => undefined, signal);
  return await validated(fetched, commit, host, signal);
}

async function validated(source: Source, commit: string, host: string, signal: AbortSignal): Promise<Report> {
  const { problems, resources } = await validateRepository(source.open(), { only: host, withSecrets: false, signal });
  return rendered(commit, host, problems, resources);
}

function rendered(commit: string, host: string, problems: readonly Problem[], resources: number): Report {
  const revision = { commit, branch: null, workingTree: false, key: commit };
  const run = startRun({ action: 'check' }, revision, host, monotonic());
  const counts = { resources, converged: 0, create: 0, update: 0, remove: 0, held: 0, failed: 0, adopted: 0 };
  const isValid = problems.length === 0;
  return run.report({
    outcome: isValid ? 'converged' : 'invalid',
    summary: isValid ? 'Valid' : 'Invalid configuration',
    problems,
    counts,
  });
}
