import type { GiteaPolicy } from '../model/host-policy-document.ts';
import type { Delivered, Memory, Reporter } from '../model/reporter.ts';
import { openGitea } from './client.ts';
import { openCommitStatus } from './commit-status.ts';
import { GiteaError } from './gitea-error.ts';
import { openHostIssue } from './host-issue.ts';
import { placeOf } from './recall.ts';
import type { Connection } from './send.ts';

/** Longest time for one delivery. Milliseconds. */
const longest = 30_000;

/**
 * Tells a forge how this host is: the commit status `reconcile/HOST` and one issue. What cannot be told is remembered, the
 * newest per commit and for the issue, and told after a while, or with the next news or start. Throws `GiteaError` when `policy.url` is no address.
 */
export function openGiteaReporter({
  policy,
  host,
  memory,
  token,
  limits = {},
}: {
  readonly policy: GiteaPolicy;
  readonly host: string;
  readonly memory: Memory;
  readonly token: Connection['token'];
  readonly limits?: Connection['limits'];
}): Reporter {
  const gitea = openGitea({ url: policy.url, token, limits });
  const about = { repository: policy.repository, place: placeOf(policy), host, memory };
  const subjects = [
    ...(policy.statuses ? [openCommitStatus(gitea, about)] : []),
    ...(policy.issues ? [openHostIssue(gitea, about)] : []),
  ];
  const deliver = async (signal: AbortSignal): Promise<Delivered> => {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(longest)]);
    const problems: string[] = [];
    for (const subject of subjects) {
      try {
        await subject.deliver(limited);
      } catch (error) {
        problems.push((error as Error).message);
        // Gitea answers some requests that it should refuse with 500; others may still get through.
        if (limited.aborted || (error instanceof GiteaError && error.isOutage && error.status !== 500)) break;
      }
    }
    return problems.length === 0 ? {} : { problem: problems.join('; ') };
  };
  return {
    name: 'gitea',
    note(news) {
      for (const subject of subjects) subject.note(news);
    },
    recipients: [{ deliver }],
  };
}
