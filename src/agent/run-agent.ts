import { join } from 'node:path';
import { openGitea } from '../gitea/client.ts';
import { findToken } from '../gitea/find-token.ts';
import { GiteaError } from '../gitea/gitea-error.ts';
import { openGiteaReporter } from '../gitea/reporter.ts';
import { machineNames } from '../host/facts.ts';
import { failedPass } from '../model/agent.ts';
import type { Follower } from '../model/follower.ts';
import type { AgentPolicy, GiteaPolicy, HostPolicyDocument } from '../model/host-policy-document.ts';
import type { Memory } from '../model/reporter.ts';
import type { Request } from '../model/request.ts';
import type { Secret } from '../model/secret.ts';
import { openNotifier } from '../notify/notifier.ts';
import { testingBranch } from '../source/git/fetch.ts';
import { openFollower } from '../source/git/follow.ts';
import { followPushed } from '../source/git/follow-pushed.ts';
import { readRemoteUrl } from '../source/git/remote-url.ts';
import { sourceDirectories } from '../source/tree-bounds.ts';
import { openAgentState, type AgentState } from '../state/agent-state.ts';
import { StateError } from '../state/state-error.ts';
import { openAgent } from './agent.ts';
import { ExitError } from '../model/exit-error.ts';
import { controlSocket } from '../state/state-directory.ts';
import { openDoors } from './doors/open-doors.ts';
import { followWorkingTree } from './follow-working-tree.ts';
import { logContests } from './log-contests.ts';
import { logFetches } from './log-fetches.ts';
import { logHealth } from './log-health.ts';
import { openLog } from './log.ts';
import { openPullPlanner } from './plan-pulls.ts';
import { openReporting } from './reporting.ts';
import { openSdNotify } from './sd-notify.ts';
import { sendDigests } from './send-digests.ts';
import { superviseUpdate } from './supervise-update.ts';
import { tendMemory } from './tend-memory.ts';
import { openWaves } from './waves.ts';
import { withoutState } from './without-state.ts';

interface Where {
  readonly place: Pick<Request, 'host' | 'root'>;
  /** Directory of a configuration repository to follow instead of the host policy's remote. */
  readonly source: string | undefined;
  readonly stateDirectory: string;
  readonly hostPolicy: HostPolicyDocument;
}

/** How long the end of the process waits for a forge or a chat. Milliseconds. */
const farewell = 3_000;

/**
 * Follows the repository until `asked` ends; then the run at work is finished or taken back, and everything closed. Throws, with
 * nothing done, for settings that cannot be used. With a state that cannot be used it only tells so, and ends when that is over, to
 * be started anew; so it does when its memory was moved away while it runs.
 */
export async function runAgent(where: Where, asked: AbortSignal): Promise<void> {
  const { place, source, stateDirectory, hostPolicy } = where;
  const log = openLog(process.stdout);
  const problem = (message: string): void => log.warn({}, message);
  const note = (message: string): void => log.info({}, message);
  const name = place.host ?? hostPolicy.host ?? machineNames()[0] ?? 'localhost';
  const anew = new AbortController();
  const signal = AbortSignal.any([asked, anew.signal]);
  const opened = openOrBare(stateDirectory, () => {
    note('its state can be used again: the agent ends, to be started anew');
    anew.abort();
  });
  using state = opened.state;
  const ending = new AbortController();
  const notifier = openNotifier({ channels: hostPolicy.notify, host: name, memory: state.memory('notify'), now: Date.now });
  const { gitea, remote } = hostPolicy;
  const policy = withBranches(hostPolicy, name);
  if (gitea) requireToken(gitea);
  const token = gitea && ((): Secret => currentToken(gitea));
  const forge = gitea && token && { client: openGitea({ url: gitea.url, token }), repository: gitea.repository };
  const plansPulls = gitea?.pull_requests === true && remote !== undefined;
  const reporters = [
    notifier,
    ...(gitea && token ? [openGiteaReporter({ policy: gitea, host: name, memory: state.memory('gitea'), token })] : []),
    ...(gitea && plansPulls && token
      ? [openPullPlanner({ policy: gitea, remote, token, host: name, memory: state.memory('pulls'), stateDirectory, place })]
      : []),
  ];
  const reporting = openReporting(reporters, (reporter, message) => log.warn({ reporter }, message));
  const agent = openAgent(
    {
      name,
      ownName: place.host ?? hostPolicy.host ?? null,
      trust: hostPolicy.trust,
      stateDirectory,
      state,
      follower: opened.follower ?? followerFor(where, name, state.memory('source')),
      policy,
      waves: openWaves({ host: name, branch: remote?.branch ?? '', forge, note }),
      place,
      sourceTrees: source === undefined ? [] : sourceDirectories.map((each) => join(source, each)),
      reporting,
      problem,
      note,
    },
    signal,
  );
  const { port } = agent;
  const systemd = openSdNotify(process.env);
  const lookAgain = (): void => void port.trigger('signal');
  const alive = systemd.watchdogInterval && setInterval(() => void systemd.watchdog(), systemd.watchdogInterval);
  try {
    const doors = await openDoors({ port, policy, plansPulls, socket: controlSocket(stateDirectory), log });
    try {
      process.on('SIGUSR1', lookAgain);
      port.subscribe(logFetches({ problem, note }));
      port.subscribe(logContests(problem));
      port.subscribe(logHealth({ problem, note }));
      signal.addEventListener('abort', () => note('stopping'), { once: true });
      port.subscribe(tendMemory());
      port.subscribe((event) => {
        if (signal.aborted || event.type !== 'status' || !failedPass(event.status) || !state.isReplaced()) return;
        note('its memory was taken from it: the agent ends, to be started anew');
        anew.abort();
      });
      port.subscribe((event) => {
        log.event(event);
        if (event.type === 'finished') void systemd.status(event.report.summary);
      });
      superviseUpdate(port, problem, ending.signal);
      reporting.deliver();
      sendDigests(notifier, hostPolicy.notify, port, reporting, problem, ending.signal);
      const at = doors.address ? `; http://${doors.address.host}:${doors.address.port}` : '';
      log.info({}, `following ${source ?? nameOfRemote(remote?.urls[0])} as ${name}${at}`);
      await systemd.ready();
      await agent.run();
    } finally {
      // Whatever ended it: what is open would keep a process that does nothing any more.
      await Promise.all([systemd.stopping(), doors.close(), reporting.close(AbortSignal.timeout(farewell))]);
    }
  } finally {
    process.off('SIGUSR1', lookAgain);
    clearInterval(alive);
    ending.abort();
    await agent.close();
  }
}

/** A hook that names no branches is for what the host follows. */
function withBranches({ agent, remote }: HostPolicyDocument, host: string): AgentPolicy {
  const { branch = 'main', tag, testing_branch: isTesting = false } = remote ?? {};
  const followed = [branch, ...(isTesting ? [testingBranch(host)] : []), ...(tag === undefined ? [] : [tag])];
  return { ...agent, hooks: agent.hooks.map((hook) => (hook.branches.length > 0 ? hook : { ...hook, branches: followed })) };
}

function openOrBare(directory: string, back: () => void): { readonly state: AgentState; readonly follower?: Follower } {
  try {
    return { state: openAgentState(directory) };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return withoutState(directory, error, back);
  }
}

function requireToken(gitea: GiteaPolicy): void {
  const token = findToken(gitea);
  if ('code' in token) throw new ExitError('usage', token.message, token.hint);
}

function currentToken(gitea: GiteaPolicy): Secret {
  const token = findToken(gitea);
  if ('code' in token) throw new GiteaError(`${token.message}; ${token.hint}`);
  return token;
}

function followerFor({ source, stateDirectory: directory, hostPolicy }: Where, host: string, memory: Memory): Follower {
  if (source !== undefined) return followWorkingTree(source);
  const { remote, trust } = hostPolicy;
  return remote ? openFollower({ directory, remote, trust, host, memory }) : followPushed({ directory, memory });
}

/** A URL that is refused may hold credentials; the first look tells why it is. */
function nameOfRemote(url: string | undefined): string {
  if (url === undefined) return 'what is pushed';
  return 'refused' in readRemoteUrl(url) ? 'a remote that is refused' : url;
}
