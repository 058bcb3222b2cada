import type { Document, PolicyDocument, RoleDocument, RolloutDocument, SiteDocument } from './document.ts';
import type { Json } from './json.ts';
import type { KeyPath, LoadedFile, WithProblems } from './located.ts';
import type { SourcePosition } from './problem.ts';
import type { SourceTree } from './revision.ts';
import type { Secret } from './secret.ts';

/** Of a file that ansible-vault has encrypted, texts and numbers are secrets: texts of which templates are yet to be rendered. */
export type VariableValue = Json | Secret | readonly VariableValue[] | { readonly [name: string]: VariableValue };

/** A file of `group_vars/` or `host_vars/`, for the group or host it is named after. */
export interface VariableFile {
  readonly name: string;
  /** Where it begins. */
  readonly at: SourcePosition;
  /** Its variables. An encrypted file is decrypted when they are first asked for, and only then what is wrong with it is known. */
  open(): OpenedVariables;
}

export interface OpenedVariables extends WithProblems {
  /** Absent when it is no mapping, or cannot be read. */
  readonly loaded?: LoadedFile<VariableValue>;
}

/** The inventory directory, read but not yet understood. */
export interface InventoryFiles extends WithProblems {
  /** The YAML inventories directly in `inventory/`, sorted; read as YAML 1.1. */
  readonly inventories: readonly LoadedFile[];
  /** In the order in which Ansible merges them: a later file of the same name wins. */
  readonly groupVars: readonly VariableFile[];
  readonly hostVars: readonly VariableFile[];
  /** All that stand in those that have been decrypted by now. */
  readonly secrets: readonly Secret[];
}

/** Everything that the repository says, as far as it could be read; `problems` says what could not. */
export interface Documents extends WithProblems {
  readonly files: SourceTree;
  readonly site: Document<SiteDocument> | undefined;
  /** Defaults when there is no `desired-state/policy.yaml`. */
  readonly policy: PolicyDocument;
  /** Positions in it; undefined when there is none. */
  readonly policyAt: ((path: KeyPath) => SourcePosition) | undefined;
  readonly rollout: Document<RolloutDocument> | undefined;
  /** By name, sorted. */
  readonly roles: ReadonlyMap<string, Document<RoleDocument>>;
  readonly inventory: InventoryFiles;
}
