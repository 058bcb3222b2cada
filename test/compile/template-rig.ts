import type { LoadedFile } from '../../src/model/located.ts';
import { Secret, type Secrets } from '../../src/model/secret.ts';
import { createTemplateEngine, type TemplateEngine } from '../../src/compile/template-engine.ts';
import type { Scope, ScopeVariable } from '../../src/compile/template-scope.ts';

/** A place for problems of scalars. */
export const somewhere = { file: 'roles/web/role.yaml', line: 7, column: 12 };

/** `secrets.token`, `secrets.pin` and the vault text `sealed` can be read, `secrets.foreign` and any other vault text cannot. */
export const someSecrets: Secrets = {
  names: ['token', 'pin', 'foreign'],
  get: (name) => {
    if (name === 'token') return Secret.of('canary-token');
    if (name === 'pin') return Secret.of('4711');
    return name === 'foreign' ? { unreadable: 'no identity of this host fits' } : undefined;
  },
  vault: (text) => (text === 'sealed' ? Secret.of('canary-vault') : { unreadable: 'no vault password fits' }),
  opened: () => [],
};

export const openEngine = (templates: { readonly [path: string]: string } = {}): TemplateEngine =>
  createTemplateEngine({
    secrets: someSecrets,
    readTemplate: (path) => (Object.hasOwn(templates, path) ? templates[path] : undefined),
  });

/** Inventory variables: templates themselves, rendered when they are looked up. */
export function scopeOf(values: object, engine?: TemplateEngine, base?: Scope, isFloat?: LoadedFile['isFloat']): Scope {
  const at = { file: 'inventory/group_vars/all.yml', line: 3, column: 8 };
  const variables = new Map<string, ScopeVariable>(
    Object.entries(values).map(([name, value]) => [
      name,
      {
        value: value as unknown,
        layer: at.file,
        templated: base === undefined,
        at,
        isFloat: isFloat && ((path) => isFloat([name, ...path])),
      },
    ]),
  );
  if (engine) variables.set('secrets', { value: engine.secrets, layer: 'secrets', templated: false });
  return {
    get: (name) => variables.get(name) ?? base?.get(name),
    names: () => [...variables.keys(), ...(base?.names() ?? [])],
    ...(base && { base }),
  };
}
