import type { SourceTree } from '../model/revision.ts';
import { Secret, type Secrets, type Vault } from '../model/secret.ts';
import { decodeUtf8 } from '../model/utf8.ts';
import { maxBytes, openDecrypter, tooLarge, type Decrypted } from './age.ts';

/** Where `secrets.NAME` comes from: `NAME.age` in this directory of the repository. */
export const secretsDirectory = 'desired-state/secrets';

type Opened = Secret | { readonly unreadable: string };

/**
 * Decrypts every `desired-state/secrets/NAME.age` with the age identities, and vault texts on demand. Never throws: what cannot
 * be read says why when it is asked for. The text is kept as it is, a trailing newline included.
 */
export async function openSecrets(input: {
  readonly files: SourceTree;
  /** Contents of age identity files. */
  readonly identities: readonly string[];
  readonly vault: Vault;
  /** What stood in encrypted files of variables. */
  readonly variables: readonly Secret[];
}): Promise<Secrets> {
  const secretFile = /^desired-state\/secrets\/([^/]+)\.age$/;
  const found = input.files.list(secretsDirectory).flatMap(({ path, size }) => {
    const name = secretFile.exec(path)?.[1];
    return name === undefined ? [] : [{ name, path, size }];
  });
  const opened = new Map<string, Opened>();
  if (found.length > 0) {
    const decrypt = await openDecrypter(input.identities);
    for (const { name, path, size } of found) {
      const bytes = size > maxBytes ? undefined : input.files.read(path);
      const unreadable = size > maxBytes ? tooLarge : 'the file has gone';
      opened.set(name, bytes ? toSecret(await decrypt(bytes)) : { unreadable });
    }
  }
  const asked = new Set<Opened>();
  return {
    names: [...opened.keys()],
    get: (name) => opened.get(name),
    opened: () => [...input.variables, ...opened.values(), ...asked].filter((each) => each instanceof Secret),
    vault(text) {
      const found = input.vault(text);
      asked.add(found);
      return found;
    },
  };
}

function toSecret(decrypted: Decrypted): Opened {
  if ('unreadable' in decrypted) return decrypted;
  const text = decodeUtf8(decrypted.bytes);
  return text === undefined ? { unreadable: 'the decrypted text is not UTF-8' } : Secret.of(text);
}
