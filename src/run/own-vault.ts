import { loadHostPolicy } from '../host/host-policy.ts';
import { readIdentities } from '../host/identities.ts';
import { openVault } from '../inventory/open-vault.ts';
import type { Vault } from '../model/secret.ts';

/** For an operator with thousands of hosts: decrypts with the vault passwords of this machine, which are read when there is something to decrypt. */
export function ownVault(): Vault {
  let vault: Vault | undefined;
  return (text) => (vault ??= openVault(readIdentities(loadHostPolicy().policy).vaultPasswords, Infinity))(text);
}
