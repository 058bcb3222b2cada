import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAgent } from '../../src/agent/agent.ts';
import { followWorkingTree } from '../../src/agent/follow-working-tree.ts';
import { openReporting } from '../../src/agent/reporting.ts';
import type { AgentEvent, AgentPort } from '../../src/model/agent.ts';
import type { Follower } from '../../src/model/follower.ts';
import { hostPolicyDocument } from '../../src/model/host-policy-document.ts';
import type { News } from '../../src/model/reporter.ts';
import type { Report } from '../../src/model/report.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { stateDirectory } from '../../src/state/state-directory.ts';
import { makeRepository, type Repository } from './repository.ts';

/** An agent of this process that follows a working tree, or what `follow` makes of it, and applies it to a sandbox. */
export interface AgentRig extends AsyncDisposable {
  readonly port: AgentPort;
  readonly repository: Repository;
  readonly news: readonly News[];
  /** Ends the agent as SIGTERM does. */
  stop(): Promise<void>;
  /** The next report that fits, from now on. */
  next(fits?: (report: Report) => boolean): Promise<Report>;
  /** Writes a file of the host. */
  edit(path: string, text: string): void;
}

export function startRig(
  resources: string,
  files: Readonly<Record<string, string>> = {},
  policy: object = {},
  follow: (path: string) => Follower = followWorkingTree,
): AgentRig {
  const repository = makeRepository(resources, files);
  const { root, path } = repository;
  const abort = new AbortController();
  const news: News[] = [];
  const reporter = { name: 'test', note: (each: News) => void news.push(each), recipients: [] };
  const state = openAgentState(stateDirectory(root));
  const agent = openAgent(
    {
      name: 'box',
      ownName: 'box',
      trust: { verify: 'off' },
      stateDirectory: stateDirectory(root),
      state,
      follower: follow(path),
      policy: hostPolicyDocument.parse({ agent: { interval: '1h', ...policy } }).agent,
      waves: { turn: () => Promise.resolve(undefined), watch: () => undefined },
      place: { host: 'box', root },
      sourceTrees: [],
      reporting: openReporting([reporter], () => undefined),
      problem: (message) => console.error(message),
      note: () => undefined,
    },
    abort.signal,
  );
  const done = agent.run();
  const stop = async (): Promise<void> => {
    abort.abort();
    await done;
  };
  return {
    port: agent.port,
    repository,
    news,
    stop,
    next: (fits = () => true) =>
      new Promise((resolve) => {
        const end = agent.port.subscribe((event: AgentEvent) => {
          if (event.type !== 'finished' || !fits(event.report)) return;
          end();
          resolve(event.report);
        });
      }),
    edit: (file, text) => writeFileSync(join(root, file), text),
    async [Symbol.asyncDispose]() {
      await stop();
      await agent.close();
      state.close();
      repository[Symbol.dispose]();
    },
  };
}
