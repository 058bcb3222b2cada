import { vaultHeader } from '../model/vault-header.ts';
import { isRelativeName } from './relative-name.ts';
import { TemplateFailure } from './template-failure.ts';
import type { Value } from './template-value.ts';

/**
 * The first template of this name in the directories: what `include` and its kin ask for. Undefined when none of them has it. Throws a
 * `TemplateFailure` for what is no name inside them, and for one that ansible-vault has encrypted: its cipher would be taken for text.
 */
export function findPart(
  name: Value,
  directories: readonly string[],
  readTemplate: (path: string) => string | undefined,
): { readonly path: string; readonly text: string } | undefined {
  if (directories.length === 0) throw new TemplateFailure('other templates can only be used from template files');
  if (typeof name !== 'string') throw new TemplateFailure('the name of a template is a string');
  if (!isRelativeName(name))
    throw new TemplateFailure(`"${name.slice(0, 200)}" is not a path inside the templates directory`, { code: 'unsafe-path' });
  for (const directory of new Set(directories)) {
    const path = `${directory}/${name}`;
    const text = readTemplate(path);
    if (text?.startsWith(vaultHeader))
      throw new TemplateFailure(`${path} is encrypted by ansible-vault; only what "template:" names may be`, {
        code: 'secret-not-allowed',
        hint: 'leave it in plain, and encrypt the variables that it uses',
      });
    if (text !== undefined) return { path, text };
  }
  return undefined;
}
