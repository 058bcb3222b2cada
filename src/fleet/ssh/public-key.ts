import { createHash } from 'node:crypto';

/** The type that a public key names itself (`ssh-ed25519`), as SSH sends it; empty for what is none. */
export function keyTypeOf(key: Buffer): string {
  const length = key.length > 4 ? key.readUInt32BE(0) : 0;
  return length > 0 && length <= 64 && length + 4 < key.length ? key.toString('latin1', 4, 4 + length) : '';
}

/** `SHA256:...`, as OpenSSH shows it. */
const fingerprintOf = (key: Buffer): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

const shortNames: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'ED25519',
  'ssh-rsa': 'RSA',
  'ecdsa-sha2-nistp256': 'ECDSA',
  'ecdsa-sha2-nistp384': 'ECDSA',
  'ecdsa-sha2-nistp521': 'ECDSA',
};

/** `ED25519 key SHA256:...`, for people who compare it with what the host itself shows. */
export function describeKey(key: Buffer): string {
  const type = keyTypeOf(key);
  return `${shortNames[type] ?? type} key ${fingerprintOf(key)}`;
}
