/** What every text of ansible-vault begins with. */
export const vaultHeader = '$ANSIBLE_VAULT;';

/** Whether ansible-vault has encrypted the file as a whole. */
export const isEncrypted = (bytes: Buffer): boolean => bytes.subarray(0, vaultHeader.length).toString('latin1') === vaultHeader;

export const notDecrypted = (why: string): string => `encrypted by ansible-vault, and cannot be decrypted here: ${why}`;
export const vaultHint =
  'RECONCILE_VAULT_PASSWORD_FILE, or vault_password_file: in the host policy, names the file of its password; `reconcile doctor` checks it';
