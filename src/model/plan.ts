import type { Address, CatalogResource } from './catalog.ts';
import type { Json } from './json.ts';

/** One field of one resource that differs. */
export interface Change {
  /** `content`, `mode`, `model.default`; for a tree the relative path. */
  readonly field: string;
  /** What stands there: a short readable value or a digest, never a file's content. Null: nothing. */
  readonly from: Json;
  readonly to: Json;
  readonly sensitive?: true;
}

export type Action = 'create' | 'update' | 'replace' | 'remove';

export type Diff =
  | { readonly action: 'none' }
  | {
      readonly action: Action;
      readonly changes: readonly Change[];
      /** Done when `apply` did not fail, and why something may be left: what is in a directory that is to go. */
      readonly mayStay?: string;
    };

export const converged: Diff = { action: 'none' };

/** Of a resource that is as it should be, none. */
export const changesOf = (diff: Diff): readonly Change[] => (diff.action === 'none' ? [] : diff.changes);

/** Why actual and desired differ, or not: by what was last applied (ledger), what is there, and what git wants. README.md has them all. */
export type Cause = 'converged' | 'upstream' | 'drift' | 'conflict' | 'adopted' | 'orphan' | 'unmanaged';

/** What stands on a host and is larger is not shown. Bytes. */
export const largestPreview = 1024 ** 2;

/** A path and the permission bits that it is to have, in octal digits. */
export interface PathMode {
  readonly path: string;
  readonly mode: string;
  readonly isDirectory?: boolean;
}

/** Bytes before and after, for showing a text diff; of what is too large the size. Undefined: the file is (or will be) absent. */
export interface Preview {
  readonly path: string;
  readonly before: Buffer | { readonly size: number } | undefined;
  readonly after: Buffer | undefined;
}

/** Why a step is held whose resource has none of the tags that were asked for. */
export const outsideTags = 'not among the chosen tags';

/** What the run would do with one resource. */
export interface Step {
  readonly address: Address;
  readonly resource: CatalogResource;
  readonly cause: Cause;
  readonly diff: Diff;
  /** Absent: it will be done. Present: it will not, and why. */
  readonly held?: {
    readonly reason: 'observe' | 'on_drift' | 'contested' | 'tags' | 'unsupported' | 'unremovable' | 'prune';
    readonly message: string;
  };
  /** What doing it leaves out here, and why. */
  readonly note?: string;
  /** A secret is in it, or was when it was last applied: nothing of its contents is shown. */
  readonly sensitive: boolean;
  /** Addresses that will be refreshed because of this step. */
  readonly refreshes: readonly Address[];
}

/** Whether the run will change the host for this step. */
export const isDone = ({ diff, held }: Step): boolean => diff.action !== 'none' && held === undefined;

/** Every resource of the catalog and every orphan of the ledger, in the order of execution. */
export interface Plan {
  readonly host: string;
  readonly steps: readonly Step[];
  /** Indexes into `steps`; the steps of one batch do not depend on each other. */
  readonly batches: readonly (readonly number[])[];
  /** Refreshes owed from an earlier run. */
  readonly owed: readonly Address[];
  /** Digest of all that will be done, removals that wait for a confirmation included; equal plans have equal digests. */
  readonly digest: string;
}
