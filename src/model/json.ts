import { hash } from 'node:crypto';

/** What YAML, JSON and the state database can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What JSON of others says; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * JSON with sorted keys and no white space, so that equal values have equal text. `undefined` members vanish and
 * `toJSON` is honoured, as in `JSON.stringify`; a `Secret` therefore appears as its digest, never as its text.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    isObject(member) && Object.getPrototypeOf(member) !== null && !isSorted(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}

function isSorted(object: object): boolean {
  let previous = '';
  for (const key in object) {
    if (key < previous) return false;
    previous = key;
  }
  return true;
}

/** Lower-case hex SHA-256. */
export function sha256(bytes: string | Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** SHA-256 of the canonical JSON: equal values, equal digest. */
export const digestOf = (value: unknown): string => sha256(canonicalJson(value));
