import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Follower, Look } from '../../../src/model/follower.ts';
import type { RemotePolicy, TrustPolicy } from '../../../src/model/host-policy-document.ts';
import type { Memory } from '../../../src/model/reporter.ts';
import { openFollower } from '../../../src/source/git/follow.ts';
import { openAgentState } from '../../../src/state/agent-state.ts';
import { gitIn } from '../../support/git-in.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeBelow } from '../../support/write-below.ts';

/** A bare repository, a clone in which commits are made, and the state directory of a host that follows it. */
export interface FollowRig extends Disposable {
  /** Holds everything; for keys and the like. */
  readonly path: string;
  /** The bare repository. */
  readonly remote: string;
  readonly stateDirectory: string;
  /** Runs git in the clone. */
  git(...args: readonly string[]): string;
  /** Commits these files in the clone, and gives the commit. */
  commit(files: Readonly<Record<string, string>>): string;
  /** Commits these files in the clone, pushes the branch it is on, and gives the commit. */
  push(files: Readonly<Record<string, string>>): string;
  /** A follower with a memory of its own connection, as another process has. */
  open(remote?: Partial<RemotePolicy>, trust?: Partial<TrustPolicy>, memory?: Memory): Follower;
  /** A look by a new follower. */
  look(remote?: Partial<RemotePolicy>, trust?: Partial<TrustPolicy>): Promise<Look>;
}

export const never = new AbortController().signal;

export function openFollowRig(): FollowRig {
  const directory = temporaryDirectory();
  const { path } = directory;
  const [remote, clone, stateDirectory] = ['config.git', 'clone', 'state'].map((name) => join(path, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(clone);
  const git: FollowRig['git'] = (...args) => gitIn(clone, ...args);
  gitIn(path, 'init', '--quiet', '--bare', remote);
  git('init', '--quiet');
  git('remote', 'add', 'origin', remote);
  const states: ReturnType<typeof openAgentState>[] = [];
  const open: FollowRig['open'] = (policy = {}, trust = {}, memory) => {
    const state = openAgentState(stateDirectory);
    states.push(state);
    const defaults = { urls: [remote], branch: 'main', testing_branch: false, user: 'git', timeout: '20s' };
    return openFollower({
      directory: stateDirectory,
      remote: { ...defaults, ...policy },
      trust: { verify: 'off', ...trust },
      host: 'box',
      memory: memory ?? state.memory('source'),
    });
  };
  const commit: FollowRig['commit'] = (files) => {
    for (const [name, content] of Object.entries(files)) writeBelow(clone, name, content);
    git('add', '--all');
    git('commit', '--quiet', '--message', 'a change');
    return git('rev-parse', 'HEAD');
  };
  return {
    path,
    remote,
    stateDirectory,
    git,
    commit,
    push(files) {
      const made = commit(files);
      git('push', '--quiet', '--force', 'origin', 'HEAD');
      return made;
    },
    open,
    look: (policy, trust) => open(policy, trust).look(never),
    [Symbol.dispose]() {
      for (const state of states) state.close();
      directory[Symbol.dispose]();
    },
  };
}

/** What a file of the revision to enforce says. */
export const textOf = ({ source }: Look, path = 'desired-state/site.yaml'): string | undefined =>
  source?.open().files.read(path)?.toString();
