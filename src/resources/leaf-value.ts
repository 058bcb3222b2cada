import { canonicalJson, digestOf, isObject, sha256, type Json } from '../model/json.ts';
import { holdsSecret, Secret } from '../model/secret.ts';

/** JSON in which secrets may stand. */
export type LeafValue = Json | Secret | readonly LeafValue[] | { readonly [key: string]: LeafValue };
/** By path, as `formatPath` writes it. */
export type Leaves = { readonly [path: string]: LeafValue };

const maxShown = 300;
const secretKey = /(?:^|[_.-])(?:api_?key|token|secret|passw(?:or)?d|passphrase|private_?key|credentials?|access_?key)s?$/i;

/** Whether a leaf is a secret: by its value, or as a text under a key whose name says so. */
export function isHidden(leaf: string, ...values: readonly (LeafValue | undefined)[]): boolean {
  return values.some((value) => holdsSecret(value) || isSecretText(leaf, value));
}

function isSecretText(key: string, value: unknown): boolean {
  if (typeof value === 'string') return secretKey.test(key) && !/^(?:\$\{[^}]*\})?$/.test(value);
  if (Array.isArray(value)) return value.some((item) => isSecretText(key, item));
  return isObject(value) && Object.entries(value).some(([name, member]) => isSecretText(name, member));
}

/** Equal for equal values, whether they stand as text or as secret. */
export function fingerprint(value: LeafValue): string {
  if (value instanceof Secret) return value.sha256;
  if (typeof value === 'string') return sha256(value);
  if (Array.isArray(value)) return digestOf(value.map(fingerprint));
  // As `Secret.of` does for a number.
  if (!isObject(value)) return digestOf({ scalar: value });
  return digestOf(Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fingerprint(member)])));
}

/** For people: the value, or its digest where it is long. */
export function show(value: Json): Json {
  const text = canonicalJson(value);
  return text.length > maxShown ? `sha256:${fingerprint(value)}` : value;
}

/** What stands in previews in place of a secret; differs for different secrets. */
export const mask = (value: LeafValue): string => `<secret ${fingerprint(value).slice(0, 8)}>`;

/** The value with what `open` gives for each secret. */
export function plainOf(value: LeafValue, open: (secret: Secret) => string | number): Json {
  if (value instanceof Secret) return open(value);
  if (Array.isArray(value)) return value.map((item: LeafValue) => plainOf(item, open));
  if (!isObject(value)) return value as Json;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainOf(member, open)]));
}
