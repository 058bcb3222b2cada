import { statusWith } from '../report/status-fixture.ts';
import { join } from 'node:path';
import { openGitea, type Gitea } from '../../src/gitea/client.ts';
import { openGiteaReporter } from '../../src/gitea/reporter.ts';
import type { AgentStatus } from '../../src/model/agent.ts';
import type { GiteaPolicy } from '../../src/model/host-policy-document.ts';
import type { Memory, News, Reporter } from '../../src/model/reporter.ts';
import type { Report } from '../../src/model/report.ts';
import { Secret } from '../../src/model/secret.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { startFakeGitea, type FakeGitea } from '../support/fake-gitea.ts';
import { tell } from '../support/tell.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { reportWith } from '../report/report-fixture.ts';

export const never = new AbortController().signal;
export const commitOf = (digit: string): string => digit.repeat(40);

/** Waits are short, so that what is tried again does not take long. */
export const quick = { wait: 1, timeout: 20_000 };

/** A fake Gitea, and what the agent on a host would tell it with: its memory is the real one. */
export interface GiteaRig extends AsyncDisposable {
  readonly gitea: FakeGitea;
  readonly token: () => Secret;
  memory: Memory;
  readonly client: Gitea;
  /** What an agent that starts now would tell with. */
  reporter(policy?: Partial<GiteaPolicy>): Reporter;
  /** Tells it with a reporter of its own, as after a restart. */
  tell(news: News, policy?: Partial<GiteaPolicy>): Promise<{ readonly problem?: string }>;
  /** As if the state directory were gone. */
  forget(): void;
}

export async function openGiteaRig(): Promise<GiteaRig> {
  const directory = temporaryDirectory();
  const gitea = await startFakeGitea();
  const state = openAgentState(join(directory.path, 'state'));
  const token = (): Secret => Secret.of(gitea.token);
  let parts = 0;
  const rig: GiteaRig = {
    gitea,
    token,
    memory: state.memory('gitea'),
    client: openGitea({ url: gitea.url, token, limits: quick }),
    reporter: (policy = {}) =>
      openGiteaReporter({ policy: policyFor(gitea.url, policy), host: 'allegro', memory: rig.memory, token, limits: quick }),
    tell: (news, policy) => tell(rig.reporter(policy), news, never),
    forget: () => void (rig.memory = state.memory(`gitea-${++parts}`)),
    async [Symbol.asyncDispose]() {
      await gitea.close();
      state.close();
      directory[Symbol.dispose]();
    },
  };
  return rig;
}

export const policyFor = (url: string, members: Partial<GiteaPolicy> = {}): GiteaPolicy => ({
  url,
  repository: 'ops/config',
  statuses: true,
  issues: true,
  pull_requests: true,
  trusted_authors: ['Alice'],
  ...members,
});

/** A run of this commit has ended; the working tree is not a part of it. */
export function ended(commit: string | null, members: Partial<Report> = {}, status: Partial<AgentStatus> = {}): News {
  const revision = { commit, branch: 'main', workingTree: false, key: 'k' };
  return { type: 'ended', report: reportWith({ revision, ...members }), status: statusWith(status) };
}

export const applying = (commit: string | null): News => ({ type: 'applying', run: 'r', commit, status: statusWith() });
