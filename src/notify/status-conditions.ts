import { failedPass, type AgentStatus } from '../model/agent.ts';
import { listed } from '../model/listed.ts';
import { refusedRevision } from '../model/refused-revision.ts';
import { dayAndTime, revisionName, type Found } from './notice.ts';

/** More than this would push everything else out of the outbox. */
const mostContested = 20;

/** What a status says is so. `now`: milliseconds since 1970. */
export const statusConditions = (status: AgentStatus, now: number): readonly Found[] => [
  ...[
    ofApproval(status),
    ofSuspension(status),
    ofRefusal(status, now) ?? ofFetch(status),
    ofUpdate(status),
    ofHealth(status),
    ofPasses(status) ?? ofStall(status),
  ].filter((found) => found !== undefined),
  ...status.contested.slice(0, mostContested).map(ofContest),
];

function ofApproval({ approval }: AgentStatus): Found | undefined {
  if (!approval || approval.approved) return undefined;
  return {
    subject: 'approval',
    topic: 'approval',
    sameness: approval.run,
    title: 'APPROVAL needed: a plan waits for a person',
    why: approval.reason,
    todo: `reconcile show ${approval.run}, then reconcile approve ${approval.run} before ${approval.expires}`,
    // What becomes of the plan is told as a change or a failure.
    ended: '',
  };
}

function ofSuspension({ suspended }: AgentStatus): Found | undefined {
  if (!suspended) return undefined;
  return {
    subject: 'suspended',
    topic: 'suspended',
    sameness: `${suspended.until} ${suspended.by} ${suspended.reason}`,
    title: `SUSPENDED by ${suspended.by} until ${suspended.until}`,
    why: suspended.reason,
    todo: 'nothing; reconcile resume ends it early',
    ended: 'Resumed: no longer suspended',
  };
}

function ofRefusal(status: AgentStatus, now: number): Found | undefined {
  const refused = refusedRevision(status);
  if (!refused) return undefined;
  return {
    subject: 'fetch',
    topic: 'fetch',
    sameness: `refused ${refused.commit}`,
    title: `REFUSED: ${revisionName(refused.commit, status.revision.branch)}; the last good revision stays in force`,
    why: refused.why,
    todo: refused.hint ?? 'look at who pushed it, and push what may be trusted; on the host: reconcile doctor',
    ended: `The newest revision is taken again, after one was refused since ${dayAndTime(now)}`,
  };
}

function ofFetch({ fetch }: AgentStatus): Found | undefined {
  if (!fetch || fetch.ok) return undefined;
  return {
    subject: 'fetch',
    topic: 'fetch',
    sameness: fetch.state === 'refused' ? 'refused' : '',
    title: 'FETCH fails; the last good revision stays in force',
    why: fetch.message,
    todo: fetch.hint ?? 'look at the remote and the network; on the host: reconcile doctor',
    ended: `Fetching works again, after it failed since ${dayAndTime(fetch.at)}`,
  };
}

function ofUpdate({ updateTakenBack: update, version }: AgentStatus): Found | undefined {
  if (!update) return undefined;
  return {
    subject: 'update',
    topic: 'failure',
    sameness: update.version,
    title: `FAILED: the update to version ${update.version} was taken back`,
    why: `it did not confirm itself; version ${version} runs on`,
    todo: 'on the host: journalctl -u timmy-reconciler says why; install another version',
    ended: 'RECOVERED: a newer version has confirmed itself',
  };
}

function ofHealth({ health }: AgentStatus): Found | undefined {
  if (health?.failure === undefined) return undefined;
  const { failure, failed = [] } = health;
  const [, ...failedToo] = failed;
  return {
    subject: 'health',
    topic: 'failure',
    sameness: failed.join('\n'),
    title: 'UNHEALTHY: what was applied has stopped working',
    why: failedToo.length > 0 ? `${failure}; and ${listed(failedToo)}` : failure,
    todo: 'nothing is taken back for it: see to the service; after each poll it is asked again',
    ended: 'HEALTHY again: no health check fails any more',
  };
}

function ofPasses(status: AgentStatus): Found | undefined {
  const failed = failedPass(status);
  if (!failed || status.stalled === null) return undefined;
  return {
    subject: 'stalled',
    topic: 'failure',
    sameness: 'pass',
    title: 'FAILED: no pass can be made; nothing is applied or repaired',
    why: failed.summary,
    todo: failed.hint ?? 'on the host: reconcile doctor, then reconcile now',
    ended: 'RECOVERED: passes can be made again',
  };
}

function ofStall({ stalled }: AgentStatus): Found | undefined {
  if (stalled === null) return undefined;
  return {
    subject: 'stalled',
    topic: 'failure',
    sameness: '',
    title: 'STALLED: the agent has stopped repeating itself',
    why: stalled,
    todo: 'push another revision, or see to the cause and run reconcile now on the host',
    ended: 'No longer stalled',
  };
}

const ofContest = (address: string): Found => ({
  subject: `contested ${address}`,
  topic: 'contested',
  sameness: '',
  title: `CONTESTED: something keeps changing ${address}`,
  why: 'It was healed several times in a row and is left alone for a while.',
  todo: `find what writes it, or take it out of the repository; reconcile explain '${address}'`,
  ended: `No longer contested: ${address}`,
});
