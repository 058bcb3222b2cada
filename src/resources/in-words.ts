import { isObject, type Json } from '../model/json.ts';

/** For people: a live value, with what readers of its format disagree about as it is written. */
export function inWords(value: Json): Json {
  if (typeof value === 'string') return value.replace(/^!!ambiguous ([^]*)$/, '$1 (programs disagree on it)');
  if (Array.isArray(value)) return value.map(inWords);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inWords(member)])) : value;
}
