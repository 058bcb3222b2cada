import { existsSync } from 'node:fs';
import { loadHostPolicy } from '../host/host-policy.ts';
import { machineNames } from '../host/facts.ts';
import type { Look } from '../model/follower.ts';
import type { RemotePolicy } from '../model/host-policy-document.ts';
import type { ExitName } from '../model/exit-code.ts';
import { formatProblem, type Problem } from '../model/problem.ts';
import type { Report } from '../model/report.ts';
import type { Source } from '../model/revision.ts';
import { printableLine } from '../report/printable.ts';
import { followPushed } from '../source/git/follow-pushed.ts';
import { openFollower, openKept } from '../source/git/follow.ts';
import { readRemoteUrl } from '../source/git/remote-url.ts';
import { agentFile, openAgentState } from '../state/agent-state.ts';
import { stateDirectory } from '../state/state-directory.ts';
import { ExitError } from '../model/exit-error.ts';

interface Asked {
  readonly host: string | undefined;
  readonly root: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * The newest trusted revision of the host policy's remote, or of another one; undefined where none is named. Where no remote
 * answers with a newer one it is the last good one, and standard error says so. Throws when the newest revision is refused, or when there is none.
 */
export async function remoteSource(asked: Asked, url?: string): Promise<Source | undefined> {
  const read = url === undefined ? undefined : readRemoteUrl(url);
  if (read && 'refused' in read) throw new ExitError('usage', read.refused, '--source takes such a URL, or a directory');
  const found = await lookAt(asked, url);
  return found && take(found);
}

/** What was applied last and is kept, for looking at it; undefined where there is none. Nothing is made. */
export async function appliedSource({ root, signal }: Asked): Promise<Source | undefined> {
  const directory = stateDirectory(root);
  if (!existsSync(agentFile(directory))) return undefined;
  using state = openAgentState(directory);
  const { source } = await followPushed({ directory, memory: state.memory('source') }).look(signal);
  return source;
}

/** Whether the remote answers now, whatever it says. A fetch is a connection of its own. */
export async function reachesRemote(asked: Asked, url?: string): Promise<boolean> {
  const look = await lookAt(asked, url);
  return look !== undefined && (look.state === 'fetched' || look.remote !== null);
}

async function lookAt({ host, root, signal }: Asked, url: string | undefined): Promise<Look | undefined> {
  const { policy, problems } = loadHostPolicy();
  if (problems.length > 0) throw new ExitError('invalid', problems.map(formatProblem).join('\n'), 'correct the host policy');
  const remote = url === undefined ? policy.remote : remoteAt(url, policy.remote);
  if (remote === undefined) return undefined;
  const directory = stateDirectory(root);
  using state = openAgentState(directory);
  const name = host ?? policy.host ?? machineNames()[0] ?? '';
  const follower = openFollower({ directory, remote, trust: policy.trust, host: name, memory: state.memory('source') });
  return await follower.look(signal);
}

/** What the host policy says of a remote goes for another URL too, but for its token and its key: they are meant for its own. */
function remoteAt(url: string, own: RemotePolicy | undefined): RemotePolicy {
  if (own?.urls.includes(url)) return { ...own, urls: [url] };
  const { token_file: _token, ssh_key: _key, ...rest } = own ?? defaults;
  return { ...rest, urls: [url] };
}

const defaults: Omit<RemotePolicy, 'urls'> = { branch: 'main', testing_branch: false, user: 'git', timeout: '120s' };

function take({ state, source, commit, problem }: Look): Source {
  const said = problem?.message ?? 'no remote gave a revision';
  if (state === 'refused')
    throw new ExitError('refused', problem ? formatProblem({ ...problem, hint: '' }) : said, problem?.hint);
  if (!source) throw new ExitError(whyNone(state, problem), said, problem?.hint);
  // Who is asked for the newest one is told how to take an older one.
  const way = state === 'behind' && problem?.hint !== undefined ? `; ${problem.hint}` : '';
  if (state !== 'fetched')
    process.stderr.write(`reconcile: ${printableLine(`${said}${way}; using ${commit?.slice(0, 12)}, the last good one`)}\n`);
  return source;
}

/** What could not be fetched nobody has refused. */
function whyNone(state: Look['state'], problem: Problem | undefined): ExitName {
  if (state === 'behind') return 'refused';
  return problem?.code === 'bad-remote' ? 'invalid' : 'error';
}

/** A revision that was applied as a whole and verified becomes the one that later ones must be on top of. */
export async function acceptRevision(root: string | undefined, { revision, confirmation }: Report): Promise<void> {
  if (confirmation?.state === 'waiting' || revision.commit === null) return;
  const directory = stateDirectory(root);
  using state = openAgentState(directory);
  await openKept({ directory, memory: state.memory('source') }).accept(revision.commit);
}
