import type { Address } from './catalog.ts';

/** What was last applied for one resource, as far as deciding needs it. */
export interface LastApplied {
  readonly address: Address;
  readonly kind: string;
  /** `digestOf(desired)` as it was applied. */
  readonly digest: string;
  readonly prune: 'yes' | 'no' | 'confirm';
  /** Secrets stand in it sealed: known by digest only. */
  readonly desired: object;
  /** Contents of it are never shown, also after git stopped saying so. */
  readonly sensitive: boolean;
  /** Where it stood in git: `roles/golden_state/role.yaml:12:5`. */
  readonly origin: string;
}
