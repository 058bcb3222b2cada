import { hash } from 'node:crypto';

/** What YAML, JSON and the state database can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What an object has itself under a name: to it `constructor` and `__proto__` are names like others. */
export const own = <T>(object: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

/** Levels of JSON of others. Whatever goes through more of them by calling itself ends with the stack. */
const deepest = 64;
const [quote, backslash, comma, list, endOfList, object, endOfObject] = [...'"\\,[]{}'].map((sign) => sign.charCodeAt(0));

/**
 * What JSON of others says; undefined where it is none, or nested as nothing is that this program reads. `most`: commas and opening
 * brackets, for who might fill the memory with a text that is small itself.
 */
export function parseJson(text: string, most = Infinity): unknown {
  try {
    return isWithin(text, most) ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Right for JSON; of what is none, the parser says so. */
function isWithin(text: string, most: number): boolean {
  let depth = 0;
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === quote) at = endOfString(text, at);
    else if (sign === endOfList || sign === endOfObject) depth--;
    else if (sign === comma) count++;
    else if (sign === list || sign === object) {
      count++;
      depth++;
    }
    if (depth > deepest || count > most) return false;
  }
  return true;
}

/** Where the quote stands that ends what the one at `start` begins. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (let sign = text.charCodeAt(at); at < text.length && sign !== quote; sign = text.charCodeAt(at))
    at += sign === backslash ? 2 : 1;
  return at;
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
