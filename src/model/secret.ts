import { inspect } from 'node:util';
import { digestOf, isObject, sha256 } from './json.ts';

/**
 * A value that cannot be printed. It converts to `<secret>` in strings, logs and `util.inspect`, and to its digest in
 * JSON, so that state and reports can compare it without holding it. Only `reveal()` gives the text, and only code that
 * writes it to its target may call that.
 */
export class Secret {
  readonly sha256: string;
  readonly #value: string | number | undefined;

  private constructor(digest: string, value: string | number | undefined) {
    this.sha256 = digest;
    this.#value = value;
  }

  /** A text, or a number that was made of one. */
  static of(value: string | number): Secret {
    return new Secret(typeof value === 'string' ? sha256(value) : digestOf({ scalar: value }), value);
  }

  /** A secret known only by its digest, as read back from the ledger. */
  static sealed(digest: string): Secret {
    return new Secret(digest, undefined);
  }

  /** Throws for a sealed secret. */
  reveal(): string {
    return String(this.value());
  }

  /** The same with its type, for formats that know numbers. */
  value(): string | number {
    if (this.#value === undefined) throw new Error('a sealed secret cannot be revealed');
    return this.#value;
  }

  toString(): string {
    return '<secret>';
  }

  toJSON(): { readonly $secret: string } {
    return { $secret: this.sha256 };
  }

  [inspect.custom](): string {
    return '<secret>';
  }
}

/** Undoes `Secret.toJSON` in a value that was read back: `{ $secret: digest }` becomes a sealed secret. */
export function sealSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sealSecrets);
  if (!isObject(value) || value instanceof Secret) return value;
  if (typeof value['$secret'] === 'string' && Object.keys(value).length === 1) return Secret.sealed(value['$secret']);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, sealSecrets(member)]));
}

/** Whether a secret stands anywhere in the value, or a content that a secret went into. */
export function holdsSecret(value: unknown): boolean {
  if (value instanceof Secret) return true;
  if (Array.isArray(value)) return value.some((member) => typeof member === 'object' && holdsSecret(member));
  return isObject(value) && (value['sensitive'] === true || Object.values(value).some(holdsSecret));
}

/** Decrypts an ansible-vault text (`$ANSIBLE_VAULT;1.1;AES256...`); `unreadable` says why it cannot be decrypted here. Never throws. */
export type Vault = (text: string) => Secret | { readonly unreadable: string };

/** The secrets that this host could decrypt. `secrets.NAME` in a template is `desired-state/secrets/NAME.age`. */
export interface Secrets {
  readonly names: readonly string[];
  /** Undefined when there is no such secret; `unreadable` says why it cannot be decrypted here. */
  get(name: string): Secret | { readonly unreadable: string } | undefined;
  readonly vault: Vault;
  /** Every secret that was decrypted up to now. */
  opened(): readonly Secret[];
}

/** For a repository without secrets. */
export const noSecrets: Secrets = {
  names: [],
  get: () => undefined,
  vault: () => ({ unreadable: 'no vault password is known' }),
  opened: () => [],
};
