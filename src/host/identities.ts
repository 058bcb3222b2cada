import { statSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostPolicyDocument } from '../model/host-policy-document.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import { ownAccount } from './own-account.ts';
import { hostPolicyFile } from './host-policy-file.ts';

/** What this host decrypts with. */
interface Identities extends WithProblems {
  /** Texts of age identity files. */
  readonly age: readonly string[];
  readonly vaultPasswords: readonly string[];
  /** Where they were looked for. */
  readonly files: readonly string[];
}

/** The files that may hold identities, whether they exist or not: the environment's, the host policy's, the default beside it. */
export function identityFiles(
  policy: Pick<HostPolicyDocument, 'age_identity' | 'vault_password_file'>,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
) {
  const beside = join(dirname(hostPolicyFile({ env })), 'age.key');
  return {
    age: env['RECONCILE_AGE_KEY_FILE'] || policy.age_identity || beside,
    vault: env['RECONCILE_VAULT_PASSWORD_FILE'] || policy.vault_password_file || env['ANSIBLE_VAULT_PASSWORD_FILE'],
  };
}

const namedBy = 'it is named in the environment (RECONCILE_..., ANSIBLE_VAULT_PASSWORD_FILE) or in the host policy';

/**
 * Reads them. A file that others can read is refused: its secret is none any more. One that somebody named must be there; the
 * default may be absent, or be another user's.
 */
export function readIdentities(policy: HostPolicyDocument): Identities {
  const files = identityFiles(policy);
  const byDefault = identityFiles({}, { ...process.env, RECONCILE_AGE_KEY_FILE: '' }).age;
  const problems: Problem[] = [];
  const looked: string[] = [];
  const refuse = (message: string, hint: string): string[] => {
    problems.push({ code: 'secret-unreadable', message, hint });
    return [];
  };
  const read = (file: string | undefined, purpose: string): string[] => {
    if (file === undefined) return [];
    const path = file.replace(/^~(?=\/)/, ownAccount().home);
    looked.push(path);
    const isNamed = file !== byDefault;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return isNamed ? refuse(`the ${purpose} ${file} does not exist`, namedBy) : [];
    if (!stat.isFile()) return refuse(`the ${purpose} ${file} is not a file`, namedBy);
    if ((stat.mode & 0o077) !== 0) return refuse(`the ${purpose} ${file} can be read by others`, `chmod 600 ${file}`);
    try {
      return [readFileSync(path, 'utf8')];
    } catch (error) {
      if (!isNamed) return [];
      return refuse(`the ${purpose} ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, `chown it to this user`);
    }
  };
  const age = read(files.age, 'age identity');
  // ansible-vault strips the newline that editors add.
  const vaultPasswords = read(files.vault, 'vault password file').map((text) => text.replace(/\r?\n$/, ''));
  return { age, vaultPasswords, files: looked, problems };
}
