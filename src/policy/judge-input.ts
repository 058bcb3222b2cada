import type { Address } from '../model/catalog.ts';
import type { HostChain } from '../model/host-chain.ts';
import type { PolicyDocument } from '../model/document.ts';
import type { Contact } from '../model/contact.ts';
import type { HostPolicyDocument } from '../model/host-policy-document.ts';
import type { KeyPath } from '../model/located.ts';
import type { PathMode, Plan, Step } from '../model/plan.ts';
import type { SourcePosition } from '../model/problem.ts';

/** A text in which no banned provider may stand. */
export interface PolicyText {
  /**
   * `config`: a file of the repository. `rendered`: content of the catalog. `live`: text on the host that would still be
   * there after the run; what the run replaces or removes is not given (ADR 0040).
   */
  readonly where: 'config' | 'rendered' | 'live';
  /** File of the repository, address of the resource, or path on the host. */
  readonly name: string;
  /** Path on the host where the text is, or will be; for `banned.exempt`. */
  readonly path?: string;
  readonly text: string;
  /** Of the file, where the text begins with another one than the first. */
  readonly line?: number;
}

/** A base URL of a language model, in keys or a content that a resource writes. */
export interface WrittenUrl {
  readonly address: Address;
  readonly at: SourcePosition;
  /** Undefined for a content that may hold some, but cannot be looked into. */
  readonly url: string | undefined;
  /** It may be a secret, or hold one. */
  readonly isHidden: boolean;
}

/** All that policy may know. */
export interface JudgeInput {
  readonly plan: Plan;
  readonly policy: PolicyDocument;
  readonly hostPolicy: HostPolicyDocument;
  /** Of every kind that there is. */
  readonly kindNames: readonly string[];
  /** Positions in `desired-state/policy.yaml`, where there is one. */
  readonly policyAt?: ((path: KeyPath) => SourcePosition) | undefined;
  /** The chains of this host and of every critical host. */
  readonly chains: readonly HostChain[];
  /** Read only when policy bans something. */
  texts(): Iterable<PolicyText>;
  /** Beside those of the chains. Read only when policy lists base URLs or hosts. */
  urls(): Iterable<WrittenUrl>;
  /** Resources in the catalog: those that cannot be inspected have no step. */
  readonly catalogSize: number;
  /** Resources in the ledger. */
  readonly ledgerSize: number;
  /** As the host sees it: nothing in it is ever managed. */
  readonly stateDirectory: string;
  /** Programs that the step would run. */
  commandsOf(step: Step): readonly string[];
  /** Packages that the step would install, replace or remove. */
  packagesOf(step: Step): readonly { readonly name: string; readonly isRemoved: boolean }[];
  /** Units that the step would change, start or stop. */
  unitsOf(step: Step): readonly string[];
  /** Hosts that the step would fetch from. */
  contactsOf(step: Step): readonly Contact[];
  /** Paths on the host that the step would create, replace or remove. */
  pathsOf(step: Step): readonly string[];
  /** Those that programs would write for it, or that would go with a directory. */
  writesOf(step: Step): readonly string[];
  /** Permission bits that the step sees to, by path. */
  modesOf(step: Step): readonly PathMode[];
  /** Nobody looks on: windows and approvals apply. `now` in milliseconds since 1970; `isApproved`: a person let this very plan through. */
  readonly unattended?: { readonly now: number; readonly isApproved: boolean };
  /** Why this revision is in quarantine here. */
  readonly quarantinedReason?: string;
}

/** Where the step's resource is declared, ready to be spread into a Problem. What has left git stands nowhere. */
export const placeOf = ({ address, resource: { origin } }: Step): { readonly address: Address; readonly at?: SourcePosition } =>
  origin.assignment < 0 ? { address } : { address, at: origin.at };
