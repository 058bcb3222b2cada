import type { AgentStatus } from './agent.ts';
import type { Event } from './event.ts';
import type { ExitName } from './exit-code.ts';
import type { Problem } from './problem.ts';
import type { Report } from './report.ts';

/** One machine of the inventory, and how its connection variables say that it is reached. */
export interface Target {
  /** Name in the inventory. */
  readonly name: string;
  /** `ansible_host`, else the name. */
  readonly address: string;
  /** Undefined: as the user's SSH configuration says. */
  readonly port: number | undefined;
  readonly user: string | undefined;
  /** Path of the private key. */
  readonly identity: string | undefined;
  /** Options for `ssh -G`: the words of `ansible_ssh_common_args` and `ansible_ssh_extra_args`. */
  readonly sshOptions: readonly string[];
  /** Programs run as root through `sudo -n`. */
  readonly become: boolean;
  /** `ansible_connection` of a host that is not reached over SSH, such as `local`. */
  readonly otherConnection?: string;
  /** What is wrong with its name or with the variables that say how it is reached: nobody tries. */
  readonly problems?: readonly Problem[];
}

/**
 * Why a host gave no report of its own. `unreachable`: it did not answer; `untrusted`: its host key is not the known one;
 * `denied`: it did not let us in, or not become root; `missing`: no program, or one that does not know this order, is installed;
 * `garbled`: what it sent is not what the program sends; `slow`: it did not end in time; `halted`: the rollout stopped before it.
 */
export type Absence = 'unreachable' | 'untrusted' | 'denied' | 'missing' | 'garbled' | 'slow' | 'halted';

export type HostVerdict = ExitName | Absence;

/** What became of one host. */
export interface HostOutcome {
  readonly host: string;
  readonly verdict: HostVerdict;
  /** One sentence for people. */
  readonly message: string;
  readonly hint?: string;
  /** Of the host's own run; absent where none took place. */
  readonly report?: Report;
  /** Of its agent, or what it has left where none runs; absent where nobody asked. */
  readonly status?: AgentStatus;
  /** What a program printed that ran there (`fleet run`), or the diff of its host policy (`fleet bootstrap`); cut to a bound. */
  readonly output?: string;
  /** Connections that were tried. */
  readonly attempts: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly wave?: string;
}

/** What a visit to one host gives; the rest of the outcome is known to whoever sends it there. */
export type Finding = Pick<HostOutcome, 'verdict' | 'message' | 'hint' | 'report' | 'status' | 'output'>;

export type FleetAction = 'check' | 'push' | 'apply' | 'status' | 'run' | 'bootstrap';

/** One command on many hosts, as shown and as `schemas/fleet-report.schema.json` documents it. */
export interface FleetReport {
  readonly schema: 'reconcile.fleet/1';
  readonly id: string;
  readonly action: FleetAction;
  readonly startedAt: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly version: string;
  /** What was sent or compared with; null where no revision matters. */
  readonly revision: { readonly commit: string; readonly branch: string | null; readonly workingTree: boolean } | null;
  /** In the order of the inventory. */
  readonly hosts: readonly HostOutcome[];
  /** Why a rollout stopped before all hosts had their turn. */
  readonly halted: string | null;
  readonly exit: number;
}

/** What is told while a command goes through the fleet. */
export type FleetEvent =
  | { readonly type: 'fleet-started'; readonly action: FleetAction; readonly hosts: readonly string[] }
  | { readonly type: 'connecting'; readonly host: string; readonly attempt: number }
  | { readonly type: 'waiting'; readonly host: string; readonly message: string; readonly until: string }
  | { readonly type: 'step'; readonly host: string; readonly message: string }
  | { readonly type: 'host-event'; readonly host: string; readonly event: Event }
  | { readonly type: 'host-finished'; readonly outcome: HostOutcome }
  | { readonly type: 'wave-started'; readonly wave: string; readonly hosts: readonly string[] }
  | { readonly type: 'wave-finished'; readonly wave: string; readonly healthy: number; readonly failed: number }
  | { readonly type: 'baking'; readonly wave: string; readonly until: string }
  | { readonly type: 'paused' }
  | { readonly type: 'resumed' }
  | { readonly type: 'halted'; readonly wave: string; readonly reason: string }
  | { readonly type: 'fleet-finished'; readonly report: FleetReport };
