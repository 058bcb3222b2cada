import { loadHostPolicy } from '../host/host-policy.ts';
import { identityFiles, readIdentities } from '../host/identities.ts';
import { openVault } from '../inventory/open-vault.ts';
import type { Vault } from '../model/secret.ts';

/** For an operator with thousands of hosts: decrypts with the vault passwords of this machine, which are read when there is something to decrypt. */
export function ownVault(): Vault {
  let vault: Vault | undefined;
  return (text) => (vault ??= openOwn())(text);
}

function openOwn(): Vault {
  const { policy } = loadHostPolicy();
  const { vaultPasswords, problems } = readIdentities(policy);
  const isUnread = vaultPasswords.length === 0 && identityFiles(policy).vault !== undefined;
  // It is read after the age identity.
  const fault = isUnread ? problems.at(-1) : undefined;
  return fault ? () => ({ unreadable: fault.message }) : openVault(vaultPasswords, Infinity);
}
