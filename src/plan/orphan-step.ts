import { idIn, type CatalogResource } from '../model/catalog.ts';
import type { LastApplied } from '../model/last-applied.ts';
import { converged, type Diff, type Step } from '../model/plan.ts';
import { parsePosition } from '../model/problem.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import { prunedOf } from './made.ts';
import type { PlanInput } from './make-plan.ts';
import type { Way } from './make-way.ts';
import { refreshesLeft } from './refreshes.ts';
import { withoutClaimed } from './without-claimed.ts';

/** What is to be done with a resource that has left git. */
export function orphanStep(last: LastApplied, input: PlanInput, way: Way): Step {
  const { observation, observes, types, tags, isConfirmed } = input;
  const type = types(last.kind);
  const observed = observation.byAddress.get(last.address);
  const absent = prunedOf(last, type);
  const resource = orphanResource(last, absent ?? last.desired);
  const base = { address: last.address, resource, cause: 'orphan' as const, refreshes: [], sensitive: last.sensitive };
  if (tags.length > 0)
    return { ...base, diff: converged, held: { reason: 'tags', message: 'left git; not removed while --tags chooses' } };
  // What cannot be undone by its kind (a command) is only forgotten.
  if (absent === undefined) return { ...base, diff: converged, ...keptNote(last, type) };
  if (last.prune === 'no') return { ...base, diff: converged };
  // Git can no longer say what is to be done with it: it must not keep the host from everything else.
  if (!observed) {
    const fault = observation.failures.find(({ address }) => address === last.address)?.message;
    return {
      ...base,
      diff: converged,
      held: { reason: 'unremovable', message: `left git; not removed, as it cannot be inspected: ${fault}` },
    };
  }
  if (observed.unsupported !== undefined)
    return { ...base, diff: converged, held: { reason: 'unsupported', message: observed.unsupported } };
  const diff = withoutClaimed(type.diff(absent, observed.actual), resource, input, way);
  // Git only wanted it to be absent: what stands there came from others.
  const wasToGo = diff.action !== 'none' && type.diff(last.desired, observed.actual).action === 'remove';
  if (diff.action === 'none' || wasToGo) return { ...base, diff: converged };
  const removal: Diff = { ...diff, action: 'remove' };
  if (observes === 'all' || observes.includes(parsePosition(last.origin).file))
    return {
      ...base,
      diff: removal,
      held: { reason: 'observe', message: 'left git; not removed where the assignment observes only' },
    };
  const isChanged =
    last.prune === 'unless-changed' && type.diff(last.desired, observed.asApplied ?? observed.actual).action !== 'none';
  if (!isConfirmed && (last.prune === 'confirm' || isChanged)) {
    const why = isChanged ? 'left git, but was changed here (on_drift)' : 'left git';
    const message = `${why}; its removal waits for \`reconcile plan -o FILE\` and \`reconcile apply FILE\``;
    return { ...base, diff: removal, held: { reason: 'prune', message } };
  }
  return { ...base, diff: removal, refreshes: refreshesLeft(last, resource, removal.changes, input), ...keptNote(last, type) };
}

const keptNote = ({ desired, made }: LastApplied, { parts }: AnyResourceType): Pick<Step, 'note'> =>
  (parts?.of(desired) ?? []).every((part) => made.includes(part))
    ? {}
    : { note: 'what is not known to be made here is left alone' };

const orphanResource = (last: LastApplied, desired: object): CatalogResource => ({
  address: last.address,
  kind: last.kind,
  id: idIn(last.address),
  desired,
  digest: last.digest,
  origin: { at: parsePosition(last.origin), assignment: -1, variables: [] },
  after: [],
  notify: [],
  tags: [],
  onDrift: 'heal',
  prune: last.prune,
  sensitive: last.sensitive,
  mode: 'enforce',
});
