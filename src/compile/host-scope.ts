import type { Inventory } from '../inventory/inventory.ts';
import type { Problem } from '../model/problem.ts';
import type { CompileRequest } from './compilation.ts';
import type { TemplateEngine } from './template-engine.ts';
import type { Scope, ScopeVariable } from './template-scope.ts';
import { TemplateFailure } from './template-failure.ts';
import { LazyMapping, Undefined } from './template-value.ts';

/** What most templates of Ansible users begin with. */
const managed = 'Managed by reconcile: what is changed here is undone';

const unknownFacts = new Undefined(new TemplateFailure('facts are only known on the host itself', { code: 'unknown-fact' }));

/** `revision`: where there is none, no template has that name. */
type Known = Pick<CompileRequest, 'host' | 'facts'> & { readonly revision: CompileRequest['revision'] | undefined };

/**
 * What templates of a host see: the inventory's variables, and over them the names that nobody can redefine, as in Ansible:
 * `inventory_hostname`, `inventory_hostname_short`, `group_names`, `groups`, `hostvars`, `inventory_dir`, `facts`, `secrets`,
 * `revision`. `hostvars` shows the variables of other hosts, not their facts. `ansible_managed` is a text that can be redefined.
 * `report` hears what is wrong with encrypted files of the hosts whose variables are asked for.
 */
export function hostScope(
  inventory: Inventory,
  request: Known,
  engine: TemplateEngine,
  report: (problem: Problem) => void,
): Scope {
  let known: Set<string> | undefined;
  const scopes = new Map<string, Scope>();
  const groups = memberships(inventory);
  const final = (value: unknown, layer: string): ScopeVariable => ({ value, layer, templated: false });
  const hostvars = final(
    new LazyMapping(
      () => inventory.hosts,
      (host) => ((known ??= new Set(inventory.hosts)).has(host) ? engine.variablesOf(scopeOf(host)) : undefined),
    ),
    'magic',
  );
  const shared: readonly (readonly [string, ScopeVariable])[] = [
    ['groups', final(groups, 'magic')],
    ['hostvars', hostvars],
    ['inventory_dir', final('inventory', 'magic')],
    ['secrets', final(engine.secrets, 'secrets')],
    ...(request.revision ? [['revision', final(request.revision, 'revision')] as const] : []),
  ];

  const scopeOf = (host: string): Scope => {
    const made = scopes.get(host);
    if (made) return made;
    const names = new Map<string, ScopeVariable>([['ansible_managed', final(managed, 'magic')]]);
    inventory.problemsOf(host).forEach(report);
    for (const [name, variable] of inventory.variables(host)) names.set(name, { ...variable, templated: true });
    names.set('inventory_hostname', final(host, 'magic'));
    names.set('inventory_hostname_short', final(host.split('.')[0]!, 'magic'));
    names.set('group_names', final(inventory.groupNames(host), 'magic'));
    for (const [name, variable] of shared) names.set(name, variable);
    if (host === request.host) names.set('facts', final(request.facts ?? unknownFacts, 'facts'));
    const scope: Scope = { get: (name) => names.get(name), names: () => names.keys() };
    scopes.set(host, scope);
    return scope;
  };
  return scopeOf(request.host);
}

/** Ansible's `groups`: every host of each group, its children's included. */
function memberships(inventory: Inventory): LazyMapping {
  let members: Map<string, string[]> | undefined;
  const all = (): Map<string, string[]> => {
    if (members) return members;
    members = new Map([...inventory.groups.keys()].map((name) => [name, []]));
    for (const host of inventory.hosts) {
      for (const group of new Set(['all', ...inventory.groupNames(host)])) members.get(group)?.push(host);
    }
    members.set('ungrouped', [...(inventory.groups.get('ungrouped')?.hosts ?? [])]);
    return members;
  };
  return new LazyMapping(
    () => inventory.groups.keys(),
    (name) => all().get(name),
  );
}

/** Names laid over a host's scope: `item`, and over that the parameters of a role. */
export function overlay(base: Scope, names: ReadonlyMap<string, ScopeVariable>): Scope {
  if (names.size === 0) return base;
  return { get: (name) => names.get(name) ?? base.get(name), names: () => namesOf(names, base), base };
}

function* namesOf(names: ReadonlyMap<string, ScopeVariable>, base: Scope): Generator<string> {
  yield* names.keys();
  yield* base.names();
}
