import type { VariableValue } from '../model/documents.ts';
import type { KeyPath, WithProblems } from '../model/located.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';

/** One variable of one host after all layers are merged, with the layer that won. */
export interface Variable {
  readonly value: VariableValue;
  /** `inventory/group_vars/wizards.yml`, `inventory/hosts.yml (group wizards)`, `inventory/hosts.yml (host allegro)`. */
  readonly layer: string;
  readonly at: SourcePosition;
  /** As in `LoadedFile`, of what is in the value. */
  readonly isFloat?: ((path: KeyPath) => boolean) | undefined;
}

export interface Group {
  readonly name: string;
  /** Direct children and direct hosts, in Ansible's order. */
  readonly children: readonly string[];
  readonly hosts: readonly string[];
}

/** Who there is. */
export interface Members {
  /** `all` and `ungrouped` included, in the order of first mention. */
  readonly groups: ReadonlyMap<string, Group>;
  /** Every host, in the order of first mention; `hostsInGroup(inventory, 'all')` has the order of Ansible's `groups.all`. */
  readonly hosts: readonly string[];
}

/** Who there is, and with which values. */
export interface Inventory extends Members, WithProblems {
  /** The groups a host is in, directly or through children, without `all`, sorted: Ansible's `group_names`. */
  groupNames(host: string): readonly string[];
  /** Hosts whose names cannot be one, and what is wrong with them; among `problems`, too. No group has them. */
  readonly misnamed: ReadonlyMap<string, Problem>;
  /** All groups and hosts with those, where there are any: only to select from. */
  readonly withMisnamed: Members | undefined;
  /** Merged variables of a host with Ansible's precedence; empty for an unknown host. Not templated. */
  variables(host: string): ReadonlyMap<string, Variable>;
  /** What is wrong with the encrypted files among its variables, which are decrypted for that. */
  problemsOf(host: string): readonly Problem[];
}
