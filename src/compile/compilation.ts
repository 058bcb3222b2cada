import type { Inventory } from '../inventory/inventory.ts';
import type { Documents } from '../model/documents.ts';
import type { JsonObject } from '../model/json.ts';
import type { Problem } from '../model/problem.ts';
import type { Secrets } from '../model/secret.ts';
import type { TimeBudget } from '../model/time-limit.ts';
import type { ContentStore } from './contents.ts';
import type { TemplateEngine } from './template-engine.ts';
import type { Scope } from './template-scope.ts';

export interface CompileRequest {
  /** The name in the inventory. */
  readonly host: string;
  /** Undefined for another host: what needs its facts is then an `unknown-fact`. */
  readonly facts: JsonObject | undefined;
  readonly secrets: Secrets;
  /** What templates see as `revision`. */
  readonly revision: { readonly id: string; readonly short: string; readonly author: string; readonly time: string };
  /** The host itself wants nothing to be changed, whatever the assignments say. */
  readonly observe?: boolean;
  /** Compiles resources of these kinds only; the rest is neither rendered nor checked. */
  readonly only?: readonly string[];
}

/** What all steps of one compile share. */
export interface Compilation {
  readonly documents: Documents;
  readonly inventory: Inventory;
  readonly request: CompileRequest;
  readonly engine: TemplateEngine;
  /** The variables of the host, under all others. */
  readonly scope: Scope;
  readonly contents: ContentStore;
  /** For the parameters of all roles. */
  readonly schemaTime: TimeBudget;
  /** Equal problems are kept once. */
  readonly report: (problem: Problem) => void;
}
