import { Secret, type Vault } from '../model/secret.ts';
import { decryptVault } from './ansible-vault.ts';

/** Of what somebody else wrote. Each takes some milliseconds, by design of ansible-vault. */
const maxVaults = 1_000;

/** Decrypts with the vault passwords, equal texts once, and no more than `most`. */
export function openVault(passwords: readonly string[], most = maxVaults): Vault {
  const known = new Map<string, ReturnType<Vault>>();
  return (text) => {
    const before = known.get(text);
    if (before) return before;
    if (known.size >= most) return { unreadable: `more than ${most} vault values and encrypted files are used` };
    const decrypted = decryptVault(text, passwords);
    const result = 'text' in decrypted ? Secret.of(decrypted.text) : decrypted;
    known.set(text, result);
    return result;
  };
}
