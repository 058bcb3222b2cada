import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { decodeUtf8 } from '../model/utf8.ts';

/** What came of a decryption: the text, or why not, in words that hold nothing of either. */
type VaultText = { readonly text: string } | { readonly unreadable: string };

const maxLength = 8 * 1024 * 1024;
const header = /^\$ANSIBLE_VAULT;1\.(?:1;AES256|2;AES256;[^;\s]+)$/;
const hex = /^(?:[0-9a-f]{2})+$/;
const rounds = 10_000;
const blockSize = 16;

/**
 * Decrypts an ansible-vault text, format 1.1 or 1.2, with the first password whose MAC fits. The label of 1.2 does not
 * choose the password, as by default in Ansible. A password may end in a newline, as files do. Never throws.
 */
export function decryptVault(vault: string, passwords: readonly string[]): VaultText {
  if (vault.length > maxLength) return { unreadable: `the vault text has more than ${maxLength} characters` };
  const [first = '', ...lines] = vault
    .trim()
    .split('\n')
    .map((line) => line.trim());
  if (!header.test(first)) return { unreadable: 'not an ansible-vault text of format 1.1 or 1.2 with AES256' };
  const outer = lines.join('');
  const parts = hex.test(outer) ? Buffer.from(outer, 'hex').toString('latin1').split('\n') : [];
  if (parts.length !== 3 || !parts.every((part) => hex.test(part))) return { unreadable: 'the ansible-vault text is damaged' };
  if (passwords.length === 0) return { unreadable: 'no ansible-vault password is configured on this host' };
  const [salt, mac, cipherText] = parts.map((part) => Buffer.from(part, 'hex')) as [Buffer, Buffer, Buffer];
  for (const password of passwords) {
    const keys = pbkdf2Sync(password.trim(), salt, rounds, 80, 'sha256');
    const expected = createHmac('sha256', keys.subarray(32, 64)).update(cipherText).digest();
    if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) continue;
    const decipher = createDecipheriv('aes-256-ctr', keys.subarray(0, 32), keys.subarray(64, 80));
    return unpad(Buffer.concat([decipher.update(cipherText), decipher.final()]));
  }
  return { unreadable: 'no ansible-vault password of this host fits, or the text was changed' };
}

/** Counter mode needs no padding, but Ansible pads as PKCS#7 does. */
function unpad(padded: Buffer): VaultText {
  const length = padded.at(-1) ?? 0;
  const isPadded = length >= 1 && length <= blockSize && padded.subarray(-length).every((byte) => byte === length);
  if (!isPadded) return { unreadable: 'the ansible-vault text is damaged' };
  const text = decodeUtf8(padded.subarray(0, -length));
  return text === undefined ? { unreadable: 'the decrypted text is not UTF-8' } : { text };
}
