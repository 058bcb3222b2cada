import type { FleetEvent } from '../model/fleet.ts';
import type { Task } from './run-on-hosts.ts';
import { visitHost } from './visit.ts';
import type { WorkingRevision } from './working-revision.ts';

interface RevisionTask {
  readonly action: 'check' | 'converge';
  readonly tags: readonly string[];
  /** The plan that each host may carry out; a host that is not in it is not asked. */
  readonly digests?: ReadonlyMap<string, string>;
}

/** Has each host look at a revision, or converge to it. */
export const revisionTask =
  (revision: WorkingRevision, { action, tags, digests }: RevisionTask, emit: (event: FleetEvent) => void): Task =>
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
      ...(planDigest !== undefined && { planDigest }),
    };
    return visitHost(connection, { order, bundleFor: revision.bundleFor }, (event) => emit({ type: 'host-event', host, event }));
  };
