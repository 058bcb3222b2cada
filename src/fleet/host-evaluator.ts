import { hostScope } from '../compile/host-scope.ts';
import { createTemplateEngine } from '../compile/template-engine.ts';
import { withoutFloats } from '../compile/template-number.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';
import { noSecrets } from '../model/secret.ts';

/** A text of the host's variables as the compiler has it; undefined where `report` hears why it cannot be evaluated. */
export type Evaluate = (text: string, at: SourcePosition, report: (problem: Problem) => void) => unknown;

/** For one host, with what every machine knows of it: neither its facts, nor secrets, nor a revision. */
export function hostEvaluator(inventory: Inventory, host: string): Evaluate {
  const engine = createTemplateEngine({ secrets: noSecrets, readTemplate: () => undefined });
  const unread: Problem[] = [];
  const known = { host, facts: undefined, revision: undefined };
  const scope = hostScope(inventory, known, engine, (problem) => unread.push(problem));
  return (text, at, report) => {
    const { value, problems } = engine.evaluate(text, scope, at);
    for (const problem of [...unread.splice(0), ...problems]) report(problem);
    return problems.length > 0 ? undefined : withoutFloats(value);
  };
}
