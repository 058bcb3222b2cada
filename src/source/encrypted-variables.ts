import type { VariableValue } from '../model/documents.ts';
import { isObject, type Json } from '../model/json.ts';
import type { KeyPath, LoadedFile, WithProblems } from '../model/located.ts';
import { inGeneral, type Problem } from '../model/problem.ts';
import { Secret, type Vault } from '../model/secret.ts';
import { notDecrypted, vaultHeader, vaultHint } from '../model/vault-header.ts';
import { yamlBounds } from './yaml-bounds.ts';
import type { readYaml } from './yaml.ts';

interface EncryptedVariables extends WithProblems {
  /** Positions are those in the decrypted text. */
  readonly loaded?: LoadedFile<VariableValue>;
  /** Every text and number in it. */
  readonly secrets: readonly Secret[];
}

/**
 * The variables of an encrypted file, as `read` finds them in its text. Texts and numbers are secrets; keys, booleans and `!vault` are
 * not. Problems hold nothing of the text. Never throws.
 */
export function readEncryptedVariables(
  file: string,
  bytes: Buffer,
  vault: Vault,
  read: (bytes: Buffer) => ReturnType<typeof readYaml>,
): EncryptedVariables {
  const opened = vault(bytes.toString('latin1'));
  if (!(opened instanceof Secret)) return { problems: [unreadable(file, opened.unreadable)], secrets: [] };
  const { loaded, problems: found } = read(Buffer.from(opened.reveal()));
  const problems = found.map((problem) => withoutText(problem, file));
  if (!loaded) return { problems, secrets: [] };
  const secrets: Secret[] = [];

  const seal = (value: Json, path: KeyPath): VariableValue => {
    if (typeof value === 'string' || typeof value === 'number') {
      if (problems.length < yamlBounds.problems && loaded.isFloat?.(path)) problems.push(wholeFloat(path, loaded));
      const secret = Secret.of(value);
      secrets.push(secret);
      return secret;
    }
    if (Array.isArray(value)) return value.map((item: Json, index) => seal(item, [...path, index]));
    return isObject(value) ? sealMembers(value, path) : value;
  };
  const sealMembers = (members: { readonly [name: string]: Json }, path: KeyPath): VariableValue => {
    const isSealed = (name: string, member: Json): boolean =>
      name === '__ansible_vault' && typeof member === 'string' && member.trimStart().startsWith(vaultHeader);
    return Object.fromEntries(
      Object.entries(members).map(([name, member]) => [name, isSealed(name, member) ? member : seal(member, [...path, name])]),
    );
  };

  const { value, at, keyAt, keysOf } = loaded;
  // What is no mapping is refused later, whatever it is.
  const sealed = isObject(value) ? sealMembers(value, []) : value === null ? null : [];
  return { loaded: { file, value: sealed, at, keyAt, keysOf }, problems, secrets };
}

const unreadable = (file: string, why: string): Problem => ({
  code: 'secret-unreadable',
  message: notDecrypted(why),
  at: { file, line: 1, column: 1 },
  hint: vaultHint,
});

function withoutText({ code, at, related }: Problem, file: string): Problem {
  const message = `in the decrypted text: ${inGeneral(code)}`;
  return { code, message, ...(at && { at }), ...(related && { related }), hint: `\`ansible-vault view ${file}\` shows it` };
}

/** A secret number would be printed as `8`, where Ansible prints `8.0`. */
const wholeFloat = (path: KeyPath, { at }: LoadedFile): Problem => ({
  code: 'wrong-type',
  message: `"${path.join('.')}" is a whole number that is written as a float, which an encrypted file cannot have here`,
  at: at(path),
  hint: 'quote it if it is a text; else write it without its fraction, or into a file that is not encrypted',
});
