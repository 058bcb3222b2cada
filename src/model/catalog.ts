import type { HealthCheck } from './document.ts';
import { isObject } from './json.ts';
import type { Problem, SourcePosition } from './problem.ts';

/** `kind[id]`, the one name of a resource: `file[/etc/motd]`. */
export type Address = string;

/** What stands in its brackets. */
export const idIn = (address: Address): string => address.slice(address.indexOf('[') + 1, -1);

/** Bytes by digest. The bytes themselves live in `Contents`, never in plans, state or reports. */
export type ContentRef = {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Set when a secret went into the bytes: diffs and previews are redacted, nothing is cached. */
  readonly sensitive?: true;
};

export const isContentRef = (value: unknown): value is ContentRef =>
  isObject(value) && typeof value['sha256'] === 'string' && typeof value['size'] === 'number';

/** Gives the bytes that a `ContentRef` stands for. */
export interface Contents {
  /** Throws when the bytes are not known any more, e.g. because a source file changed during the run. */
  read(ref: ContentRef): Buffer;
  /** Where the bytes of each digest are: in a file of the repository, or here, as base64. */
  places(): { readonly files: Readonly<Record<string, string>>; readonly texts: Readonly<Record<string, string>> };
}

/** Where a resource comes from. */
export interface Origin {
  readonly at: SourcePosition;
  readonly role?: string;
  /** The index of the assignment in `site.yaml`, for the relative order of `command`, `package`, `service`, `timer`. */
  readonly assignment: number;
  /** Variables that the resource's templates read, each with the layer that gave the value. */
  readonly variables: readonly { readonly name: string; readonly layer: string }[];
}

export interface CatalogResource {
  readonly address: Address;
  readonly kind: string;
  readonly id: string;
  /** What the kind's `prepare` made of the attributes. Secrets stand in it as `Secret` values. */
  readonly desired: object;
  /** `digestOf(desired)`. */
  readonly digest: string;
  readonly origin: Origin;
  /** Explicit and implicit predecessors, explicit first. */
  readonly after: readonly Address[];
  readonly notify: readonly Address[];
  readonly tags: readonly string[];
  readonly onDrift: 'heal' | 'report' | 'hold';
  /** `unless-changed`: of what is not healed, local changes are not removed without a word. */
  readonly prune: 'yes' | 'no' | 'confirm' | 'unless-changed';
  /** Its contents must not be shown: somebody has marked it so, or a secret went into it. */
  readonly sensitive: boolean;
  readonly mode: 'enforce' | 'observe';
}

/** Everything one host should be. */
export interface Catalog {
  readonly host: string;
  /** In declared order. */
  readonly resources: readonly CatalogResource[];
  readonly contents: Contents;
  /** Files whose resources are only observed on this host; `all` where nothing is enforced. What has left them stays. */
  readonly observes: 'all' | readonly string[];
  /** Health checks of the roles in use, with the role's name. */
  readonly health: readonly { readonly role: string; readonly check: HealthCheck }[];
  readonly problems: readonly Problem[];
}

/** For what only puts things back. */
export const noContents: Contents = {
  read: ({ sha256 }) => {
    throw new Error(`no content ${sha256}`);
  },
  places: () => ({ files: {}, texts: {} }),
};
