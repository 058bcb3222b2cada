import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts what undo must keep, so that a copy of the database (a backup, a bug report) gives no secret away. */
export interface Sealing {
  seal(bytes: Uint8Array): Uint8Array;
  open(sealed: Uint8Array): Buffer;
}

/** The key is made when first needed and stays in the state directory, 0600. */
export function openSealing(directory: string): Sealing {
  let key: Buffer | undefined;
  return {
    seal(bytes) {
      key ??= readOrMakeKey(join(directory, 'undo.key'));
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce);
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      key ??= readFileSync(join(directory, 'undo.key'));
      const nonce = sealed.subarray(0, nonceBytes);
      const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
      decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, sealed.length - tagBytes)), decipher.final()]);
    },
  };
}

function readOrMakeKey(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Written whole under another name first: a key cut short by a crash would lose the undo data sealed with it.
  const staged = `${file}.${process.pid}`;
  writeFileSync(staged, randomBytes(32), { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(staged, file);
  } finally {
    unlinkSync(staged);
  }
  return readFileSync(file);
}
