/** What came of a decryption: the bytes, or why not, in words that hold nothing of the secret or the identities. */
export type Decrypted = { readonly bytes: Uint8Array } | { readonly unreadable: string };

/** Of an encrypted file. */
export const maxBytes = 4 * 1024 * 1024;
export const tooLarge = `the file has more than ${maxBytes} bytes`;
/** Each recipient of a file is tried with each identity, which takes a third of a millisecond. */
const maxTries = 50_000;
export const damaged = 'the file is damaged, or not an age file';
const armorHead = '-----BEGIN AGE ENCRYPTED FILE-----';

// The library takes longer to load than a converged run without secrets takes as a whole.
const loadAge = (): Promise<typeof import('age-encryption')> => import('age-encryption');

/** Encrypts for all recipients, armored. Throws for a recipient that `isRecipient` refuses, and for none at all. */
export async function encryptAge(text: string | Uint8Array, recipients: readonly string[]): Promise<Uint8Array> {
  if (recipients.length === 0) throw new Error('a secret needs at least one recipient');
  const { Encrypter, armor } = await loadAge();
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return Buffer.from(armor.encode(await encrypter.encrypt(text)));
}

/** Whether age can encrypt for it: `age1...` with a valid checksum. */
export async function isRecipient(text: string): Promise<boolean> {
  const { Encrypter } = await loadAge();
  try {
    new Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether somebody may be able to decrypt it, as far as its form tells whoever cannot. */
export async function isAgeFile(bytes: Uint8Array): Promise<boolean> {
  const { generateX25519Identity } = await loadAge();
  const decrypt = await openDecrypter([await generateX25519Identity()]);
  const decrypted = await decrypt(bytes);
  return !('unreadable' in decrypted) || decrypted.unreadable !== damaged;
}

/** The lines of the header, which ends in one of its own, that name a recipient. */
function recipientsOf(binary: Uint8Array): number {
  const text = Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength).toString('latin1');
  const end = text.indexOf('\n--- ');
  return text.slice(0, end < 0 ? text.length : end).match(/\n-> /g)?.length ?? 0;
}

/** Prepares to decrypt files, armored or binary. An identity text is an identity file: comments, one key per line. */
export async function openDecrypter(identities: readonly string[]): Promise<(bytes: Uint8Array) => Promise<Decrypted>> {
  const lines = identities.flatMap((text) => text.split('\n').map((line) => line.trim()));
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) return async () => ({ unreadable: 'no age identity can be used on this host' });
  const { Decrypter, armor } = await loadAge();
  const decrypter = new Decrypter();
  let triesLeft = maxTries;
  let usable = 0;
  for (const key of keys) {
    try {
      decrypter.addIdentity(key);
      usable++;
    } catch {
      continue;
    }
  }
  if (usable === 0)
    return async () => ({ unreadable: 'the age identity of this host is malformed; expected AGE-SECRET-KEY-1...' });

  return async (bytes) => {
    if (bytes.byteLength > maxBytes) return { unreadable: tooLarge };
    try {
      const head = Buffer.from(bytes.subarray(0, 256)).toString('latin1').trimStart();
      const binary = head.startsWith(armorHead) ? armor.decode(Buffer.from(bytes).toString('latin1')) : bytes;
      triesLeft -= usable * recipientsOf(binary);
      if (triesLeft < 0) return { unreadable: 'the secrets together name more recipients than can be tried' };
      return { bytes: await decrypter.decrypt(binary) };
    } catch (error) {
      const isForOthers = error instanceof Error && /no identity matched/.test(error.message);
      const count = usable === 1 ? 'the identity of this host is not' : `none of the ${usable} identities of this host is`;
      return { unreadable: isForOthers ? `${count} among its recipients` : damaged };
    }
  };
}
