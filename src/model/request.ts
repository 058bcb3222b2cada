import type { Source } from './revision.ts';

/** What one run is asked to do. */
export interface Request {
  readonly action: 'check' | 'converge';
  readonly source: Source;
  /** Inventory name; else the host policy's, else this machine's. */
  readonly host?: string;
  /** Sandbox directory that prefixes every path. */
  readonly root?: string | undefined;
  readonly tags: readonly string[];
  /** Read every managed target instead of trusting its stat signature. */
  readonly paranoid: boolean;
  /** Refuse unless the plan has this digest (`apply FILE`). Giving it also confirms deletions that wait for a person. */
  readonly planDigest?: string;
}
