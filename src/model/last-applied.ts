import type { Address, CatalogResource } from './catalog.ts';
import type { Step } from './plan.ts';
import { formatPosition } from './problem.ts';

/** What was last applied for one resource, as far as deciding needs it. */
export interface LastApplied {
  readonly address: Address;
  readonly kind: string;
  /** `digestOf(desired)` as it was applied. */
  readonly digest: string;
  readonly prune: CatalogResource['prune'];
  /** Secrets stand in it sealed: known by digest only. */
  readonly desired: object;
  /** Contents of it are never shown, also after git stopped saying so. */
  readonly sensitive: boolean;
  /** Where it stood in git: `roles/golden_state/role.yaml:12:5`. */
  readonly origin: string;
  /** Those of its parts that did not stand before: all that goes when it leaves git. Only of kinds that have `parts`. */
  readonly made: readonly string[];
  /** Who is told when it goes. None are known of what an earlier version applied. */
  readonly notify: readonly Address[];
}

/** What a step applies, as the next run will find it. What of it was made here is told by others. */
export const appliedBy = ({ address, resource, sensitive }: Step): Omit<LastApplied, 'made'> => {
  const { kind, digest, prune, desired, origin, notify } = resource;
  return { address, kind, digest, prune, desired, sensitive, origin: formatPosition(origin.at), notify };
};
