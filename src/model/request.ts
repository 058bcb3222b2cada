import type { Report } from './report.ts';
import type { Source } from './revision.ts';
import type { Witness } from './unconfirmed.ts';

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
  /** In a check: make the plan even where nothing can have moved, for somebody who wants to keep it. */
  readonly showsPlan?: boolean;
  /** In a check: ask the roles' health checks too. One that fails is an error. */
  readonly health?: boolean;
  /** Nobody looks on, as with the agent: the windows and approvals of the policies apply. */
  readonly unattended?: boolean;
  /** Addresses that somebody else keeps changing: their drift is told and not repaired. */
  readonly contested?: readonly string[];
  /** Asked when no other run can be at work any more: whether nothing is to be done, for somebody has applied a newer revision. */
  readonly isOvertaken?: () => boolean;
  /** The id of the run, where somebody was told it before the run began. */
  readonly run?: string;
  /** Who will confirm a change that could cut the host off; else the person whose SSH session this is, else the remote of the host policy. */
  readonly confirmedBy?: Witness;
  /**
   * The plan that a person has let through, with the deletions in it that wait for one. Any other is refused (`apply FILE`); where
   * nobody looks on, it is judged as if no person had been asked.
   */
  readonly planDigest?: string;
  /**
   * Told of a run that leaves its revision standing on the host as a whole, before anybody else is. Where the host was looked at, no
   * other run can be at work then: it would go by what was accepted before.
   */
  readonly accept?: (report: Report) => Promise<void>;
}
