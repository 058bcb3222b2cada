import type { FleetEvent } from '../model/fleet.ts';
import type { Task } from './run-on-hosts.ts';
import { visitHost } from './visit.ts';
import type { WorkingRevision } from './working-revision.ts';

interface RevisionTask {
  readonly action: 'check' | 'converge';
  readonly tags: readonly string[];
  /** With a check: ask the roles' health checks too. */
  readonly health?: boolean;
  /** The plan that each host may carry out; a host that is not in it is not asked. */
  readonly digests?: ReadonlyMap<string, string>;
}

/** Has each host look at a revision, or converge to it. */
export const revisionTask =
  (revision: WorkingRevision, { action, tags, health, digests }: RevisionTask, emit: (event: FleetEvent) => void): Task =>
  (connection) => {
    const host = connection.target.name;
    const { commit, branch } = revision;
    const planDigest = digests?.get(host);
    const order = {
      action,
      host,
      commit,
      branch,
      tags: [...tags],
      paranoid: false,
      // A host of an earlier version refuses a member that it does not know.
      ...(health !== undefined && { health }),
      ...(planDigest !== undefined && { planDigest }),
    };
    return visitHost(connection, { order, bundleFor: revision.bundleFor }, (event) => emit({ type: 'host-event', host, event }));
  };
