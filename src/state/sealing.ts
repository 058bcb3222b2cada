import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from './durable-file.ts';
import { StateError } from './state-error.ts';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts what undo must keep, so that a copy of the database (a backup, a bug report) gives no secret away. */
interface Sealing {
  seal(bytes: Uint8Array): Uint8Array;
  open(sealed: Uint8Array): Buffer;
}

/** The key is made when first needed and stays in the state directory, 0600. */
export function openSealing(directory: string): Sealing {
  const file = join(directory, 'undo.key');
  let key: Buffer | undefined;
  return {
    seal(bytes) {
      key ??= readKey(file) ?? makeKey(file);
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce);
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      key ??= readKey(file);
      if (!key) throw new StateError(`${file} is missing, and what was there before a run cannot be read without it`, restoreKey);
      try {
        const nonce = sealed.subarray(0, nonceBytes);
        const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
        decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
        return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, sealed.length - tagBytes)), decipher.final()]);
      } catch (error) {
        throw new StateError(`${file} is not the key of what was there before a run, or that is damaged`, restoreKey, error);
      }
    },
  };
}

const restoreKey = 'restore the whole state directory from one backup';

function readKey(file: string): Buffer | undefined {
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (key.length !== keyBytes)
    throw new StateError(
      `${file} is damaged: it has ${key.length} bytes instead of ${keyBytes}`,
      `${restoreKey}; or remove it, and with it the ability to take earlier runs back`,
    );
  return key;
}

function makeKey(file: string): Buffer {
  // Written whole under another name first: a key cut short by a crash would lose the undo data sealed with it.
  const staged = `${file}.${process.pid}`;
  try {
    writeFileSync(staged, randomBytes(keyBytes), { mode: 0o600, flag: 'wx', flush: true });
    linkSync(staged, file);
    // The database makes only its own names durable, and its journal's.
    syncDirectory(dirname(file));
    return readFileSync(file);
  } catch (error) {
    const hint = 'see to the space, the rights and the health of its filesystem';
    throw new StateError(`${file} cannot be written: ${(error as Error).message}`, hint, error);
  } finally {
    rmSync(staged, { force: true });
  }
}
