import { failedPass, type AgentStatus } from '../model/agent.ts';
import { moment } from './moment.ts';

interface StatusLines {
  /** Where the host stands. */
  readonly standing: readonly StatusLine[];
  /** What somebody should look at. */
  readonly troubles: readonly StatusLine[];
}

/** Not made printable. */
export type StatusLine = readonly [name: string, text: string];

/** What the agent says of itself, in words. */
export const statusLines = (status: AgentStatus): StatusLines => ({ standing: standing(status), troubles: troubles(status) });

function standing(status: AgentStatus): readonly StatusLine[] {
  const { revision, lastSuccess, health, fetch, nextPass } = status;
  const last = failedPass(status) ? null : status.last;
  const { applied, seen, branch } = revision;
  const at = branch === null ? '' : ` (${branch})`;
  return [
    [
      'revision',
      applied === null ? (lastSuccess === null ? 'none was applied yet' : 'a directory outside git') : `${short(applied)}${at}`,
    ],
    ...(seen !== null && seen !== applied ? [['seen', `${short(seen)}${at}, not applied yet`] as const] : []),
    ['verified', lastSuccess === null ? 'never' : moment(lastSuccess)],
    ...(health && health.failure === undefined ? [['health', `good at ${moment(health.at)}`] as const] : []),
    ...(last ? [['last run', `${last.run} at ${moment(last.at)}: ${last.summary}`] as const] : []),
    ...(fetch?.ok
      ? [
          fetch.remote === null
            ? (['no remote', fetch.message] as const)
            : (['fetched', `${moment(fetch.at)} from ${fetch.remote}`] as const),
        ]
      : []),
    ...(nextPass === null ? [] : [['next pass', moment(nextPass)] as const]),
  ];
}

function troubles(status: AgentStatus): readonly StatusLine[] {
  const { fetch, retry, quarantine, suspended, windowClosed, waitsFor, approval, unconfirmed, updateTakenBack } = status;
  const { health, contested, stalled, differing, missedHooks } = status;
  const failed = failedPass(status);
  const lines: (readonly [isSo: boolean, name: string, text: () => string])[] = [
    [failed !== null, 'no pass', () => withHint(`${failed!.summary}, at ${moment(failed!.at)}`, failed!.hint)],
    [fetch?.ok === false, fetch?.state ?? 'offline', () => keptFor(fetch!)],
    [fetch?.passedOver !== undefined, 'remotes', () => `${fetch!.passedOver}; a later one is used`],
    [
      retry !== null,
      'retry',
      () => `${revisionName(retry!.commit)} failed ${times(retry!.failures)}; again at ${moment(retry!.next)}`,
    ],
    [
      quarantine !== undefined,
      'quarantine',
      () => `${short(quarantine!.commit)}: ${quarantine!.reason}; reconcile release tries it again`,
    ],
    [stalled !== null && !failed, 'stalled', () => stalled!],
    [
      updateTakenBack !== undefined,
      'update',
      () =>
        `version ${updateTakenBack!.version} was taken back at ${moment(updateTakenBack!.at)}: it did not confirm itself; install another one`,
    ],
    [suspended !== null, 'suspended', () => `until ${moment(suspended!.until)} by ${suspended!.by}: ${suspended!.reason}`],
    [waitsFor !== null, 'rollout', () => waitsFor!],
    [windowClosed, 'window', () => 'closed: changes wait for the next maintenance window'],
    [approval !== null, 'approval', () => `${approval!.reason}; ${approvalIn(approval!)}, until ${moment(approval!.expires)}`],
    [
      unconfirmed !== null,
      'confirm',
      () => `run ${unconfirmed!.run} waits until ${moment(unconfirmed!.until)}; reconcile confirm ${unconfirmed!.run}`,
    ],
    [health?.failure !== undefined, 'health', () => `${health!.failure}, at ${moment(health!.at)}`],
    [contested.length > 0, 'contested', () => `${contested.join(', ')}; somebody else keeps changing this`],
    [differing > 0, 'differing', () => `${differing} ${differing === 1 ? 'resource is' : 'resources are'} only reported`],
    [missedHooks > 0, 'hooks', () => `a poll found ${missedHooks} new ${missedHooks === 1 ? 'revision' : 'revisions'} first`],
  ];
  return lines.filter(([isSo]) => isSo).map(([, name, text]) => [name, text()]);
}

const approvalIn = ({ run, approved }: NonNullable<AgentStatus['approval']>): string =>
  approved ? 'approved, and done when nothing else keeps it away' : `reconcile approve ${run}`;

/** Why the last good revision is kept, and what would change that. */
const keptFor = ({ message, at, hint }: NonNullable<AgentStatus['fetch']>): string =>
  withHint(`${message}, at ${moment(at)}; the last good revision is kept`, hint);

const withHint = (text: string, hint: string | undefined): string => (hint === undefined ? text : `${text}; ${hint}`);

/** What runs there, and since when. */
export const upSince = ({ version, startedAt }: AgentStatus): string =>
  `version ${version}${startedAt === null ? '' : `, up since ${moment(startedAt)}`}`;

const short = (commit: string): string => commit.slice(0, 8);

/** What was tried: a commit, or what a working tree holds, which has a name of its own for attempts. */
export const revisionName = (tried: string): string => (tried.startsWith('working tree') ? 'the working tree' : short(tried));
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
