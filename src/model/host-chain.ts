import type { Address } from './catalog.ts';
import type { SourcePosition } from './problem.ts';
import type { ProviderSlot } from './provider-slot.ts';

/** A provider chain of one host, compiled. */
export interface HostChain {
  readonly host: string;
  /** Whether `portfolio.critical` selects the host. */
  readonly critical: boolean;
  readonly address: Address;
  readonly chain: readonly ProviderSlot[];
  readonly at?: SourcePosition;
}
