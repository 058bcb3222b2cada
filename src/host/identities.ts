import { statSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HostPolicyDocument } from '../model/document.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import { hostPolicyFile } from './host-policy-file.ts';

/** What this host decrypts with. */
export interface Identities extends WithProblems {
  /** Texts of age identity files. */
  readonly age: readonly string[];
  readonly vaultPasswords: readonly string[];
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

/** Reads them. A file that others can read is refused: its secret is none any more. */
export function readIdentities(policy: HostPolicyDocument, env: Readonly<NodeJS.ProcessEnv> = process.env): Identities {
  const files = identityFiles(policy, env);
  const problems: Problem[] = [];
  const read = (file: string | undefined, purpose: string): string[] => {
    if (file === undefined) return [];
    const path = file.replace(/^~(?=\/)/, homedir());
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return [];
    if ((stat.mode & 0o077) !== 0) {
      problems.push({
        code: 'secret-unreadable',
        message: `the ${purpose} ${file} can be read by others`,
        hint: `chmod 600 ${file}`,
      });
      return [];
    }
    return [readFileSync(path, 'utf8')];
  };
  const age = read(files.age, 'age identity');
  // ansible-vault strips the newline that editors add.
  const vaultPasswords = read(files.vault, 'vault password file').map((text) => text.replace(/\r?\n$/, ''));
  return { age, vaultPasswords, problems };
}
