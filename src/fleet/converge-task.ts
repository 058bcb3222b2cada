import type { Finding, FleetEvent, Target } from '../model/fleet.ts';
import { confirmAnew } from './confirm-anew.ts';
import { revisionTask } from './revision-task.ts';
import type { Task } from './run-on-hosts.ts';
import type { WorkingRevision } from './working-revision.ts';

interface Converging {
  readonly tags: readonly string[];
  /** The plan that each host may carry out. */
  readonly digests?: ReadonlyMap<string, string>;
  readonly emit: (event: FleetEvent) => void;
  /** Does a task on that host over another connection. */
  anew(target: Target, task: Task): Promise<Finding | undefined>;
}

/** Has each host converge to a revision; what could have cut it off is confirmed over a connection that is made afterwards. */
export function convergeTask(revision: WorkingRevision, { tags, digests, emit, anew }: Converging): Task {
  const converge = revisionTask(revision, { action: 'converge', tags, ...(digests && { digests }) }, emit);
  return async (connection, signal) => confirmAnew(await converge(connection, signal), (task) => anew(connection.target, task));
}
