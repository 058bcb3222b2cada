import type { Address, CatalogResource } from '../model/catalog.ts';
import type { LastApplied } from '../model/last-applied.ts';
import { converged, type Cause, type Diff, type Step } from '../model/plan.ts';
import { leftAloneBecause } from './left-alone.ts';
import type { PlanInput } from './make-plan.ts';
import type { Way } from './make-way.ts';
import type { Observed } from './observe.ts';
import { refreshesOf } from './refreshes.ts';
import { withoutClaimed } from './without-claimed.ts';

/** What is to be done with a resource that git wants, and why; undefined where the host could not be observed. */
export function desiredStep(
  resource: CatalogResource,
  input: PlanInput,
  observeOnly: ReadonlySet<Address>,
  way: Way,
): Step | undefined {
  const { observation, ledger, types } = input;
  const observed = observation.byAddress.get(resource.address);
  if (!observed) return undefined;
  const type = types(resource.kind);
  const last = ledger.get(resource.address);
  const sensitive = resource.sensitive || last?.sensitive === true;
  const base = { address: resource.address, resource, sensitive };
  const leftAlone = leftAloneBecause(resource, input.tags);
  if (observed.unsupported !== undefined) {
    const held = leftAlone?.reason === 'tags' ? leftAlone : { reason: 'unsupported' as const, message: observed.unsupported };
    return { ...base, cause: 'converged', diff: converged, refreshes: [], held };
  }
  const diff = withoutClaimed(type.diff(resource.desired, observed.actual), resource, input, way);
  const found = causeOf(diff, resource, last, observed, input, way);
  // Taking it into the ledger would make it ours to remove once it leaves git.
  const cause = leftAlone && found === 'adopted' ? 'converged' : found;
  const held = diff.action === 'none' ? undefined : (leftAlone ?? heldBecause(resource, cause, input.contested));
  return {
    ...base,
    cause,
    diff,
    refreshes: diff.action === 'none' || held ? [] : refreshesOf(resource, diff.changes, input, observeOnly),
    ...(held && { held }),
    ...noteOf(resource, diff, observed, input),
  };
}

/** Last applied, actual and desired give the cause. */
function causeOf(
  diff: Diff,
  resource: CatalogResource,
  last: LastApplied | undefined,
  { actual, asApplied }: Observed,
  input: PlanInput,
  way: Way,
): Cause {
  const hasMoved = last?.digest !== resource.digest;
  if (diff.action === 'none') return hasMoved ? 'adopted' : 'converged';
  if (!last) return diff.action === 'create' ? 'upstream' : 'unmanaged';
  const sinceApplied = input.types(resource.kind).diff(last.desired, asApplied ?? actual);
  const isAsApplied = withoutClaimed(sinceApplied, { ...resource, desired: last.desired }, input, way).action === 'none';
  if (isAsApplied) return 'upstream';
  return hasMoved ? 'conflict' : 'drift';
}

function heldBecause({ address, onDrift }: CatalogResource, cause: Cause, contested: readonly Address[]): Step['held'] {
  if (cause !== 'drift' && cause !== 'conflict') return undefined;
  if (cause === 'drift' && contested.includes(address))
    return {
      reason: 'contested',
      message: 'contested: something else keeps changing it, so that it is not repaired for a while',
    };
  if (onDrift === 'report') return { reason: 'on_drift', message: 'local changes are reported, not repaired (on_drift: report)' };
  if (onDrift === 'hold')
    return {
      reason: 'on_drift',
      message: 'local changes are held until a person puts them into git or takes them back (on_drift: hold)',
    };
  return undefined;
}

function noteOf(resource: CatalogResource, diff: Diff, { actual }: Observed, input: PlanInput): Pick<Step, 'note'> {
  const type = input.types(resource.kind);
  const leftOut = (): string | undefined =>
    hasValidation(resource, diff)
      ? 'validate is not run under --root'
      : (type.leavesOut?.(resource.desired) ?? ownerLeftOut(resource, input));
  const note = input.live ? type.lacks?.(resource.desired, actual) : leftOut();
  return note === undefined ? {} : { note };
}

const hasValidation = ({ desired }: CatalogResource, diff: Diff): boolean => diff.action !== 'none' && 'validate' in desired;

function ownerLeftOut({ desired }: CatalogResource, input: PlanInput): string | undefined {
  const { owner, group } = desired as { readonly [attribute: string]: unknown };
  if (typeof owner === 'string' && input.isOwnerLeftOut('user', owner)) return `owner is left out: --root has no user "${owner}"`;
  if (typeof group === 'string' && input.isOwnerLeftOut('group', group))
    return `group is left out: --root has no group "${group}"`;
  return undefined;
}
