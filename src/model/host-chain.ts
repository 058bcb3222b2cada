import type { Address } from './catalog.ts';
import type { SourcePosition } from './problem.ts';

/** One slot of a provider chain, in the order of preference. */
export interface ProviderSlot {
  readonly provider: string;
  readonly model: string;
  readonly base_url?: string;
  readonly key_env?: string;
}

/** A provider chain of one host, compiled. */
export interface HostChain {
  readonly host: string;
  /** Whether `portfolio.critical` selects the host. */
  readonly critical: boolean;
  readonly address: Address;
  readonly chain: readonly ProviderSlot[];
  readonly at?: SourcePosition;
}
