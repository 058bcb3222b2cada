import type { SourceTree } from '../model/revision.ts';
import { Secret, type Secrets } from '../model/secret.ts';
import { openDecrypter, type Decrypted } from './age.ts';
import { decryptVault } from './ansible-vault.ts';

/** Where `secrets.NAME` comes from: `NAME.age` in this directory of the repository. */
export const secretsDirectory = 'desired-state/secrets';

type Opened = Secret | { readonly unreadable: string };

/**
 * Decrypts every `desired-state/secrets/NAME.age` with the age identities, and vault texts on demand with the vault
 * passwords. Never throws: what cannot be read says why when it is asked for. The text is kept as it is, a trailing
 * newline included.
 */
export async function openSecrets(input: {
  readonly files: SourceTree;
  /** Contents of age identity files. */
  readonly identities: readonly string[];
  readonly vaultPasswords: readonly string[];
}): Promise<Secrets> {
  const secretFile = /^desired-state\/secrets\/([^/]+)\.age$/;
  const found = input.files.list(secretsDirectory).flatMap(({ path }) => {
    const name = secretFile.exec(path)?.[1];
    return name === undefined ? [] : [{ name, path }];
  });
  const opened = new Map<string, Opened>();
  if (found.length > 0) {
    const decrypt = await openDecrypter(input.identities);
    for (const { name, path } of found) {
      const bytes = input.files.read(path);
      opened.set(name, bytes ? toSecret(await decrypt(bytes)) : { unreadable: 'the file has gone' });
    }
  }
  const vaults = new Map<string, Opened>();
  return {
    names: [...opened.keys()],
    get: (name) => opened.get(name),
    vault(text) {
      const known = vaults.get(text);
      if (known) return known;
      const decrypted = decryptVault(text, input.vaultPasswords);
      const result = 'text' in decrypted ? Secret.of(decrypted.text) : decrypted;
      vaults.set(text, result);
      return result;
    },
  };
}

function toSecret(decrypted: Decrypted): Opened {
  if ('unreadable' in decrypted) return decrypted;
  try {
    return Secret.of(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(decrypted.bytes));
  } catch {
    return { unreadable: 'the decrypted text is not UTF-8' };
  }
}
