import { Secret } from '../model/secret.ts';
import { TemplateFailure } from './template-failure.ts';
import { asNumber, numberText, WholeFloat } from './template-number.ts';
import { boundText, countRead, defined, membersOf, type Meter, omit, typeName, type Value } from './template-value.ts';

/** Where a list or mapping is nested deeper than this, printing it fails. */
const deepest = 100;

/** What `{{ value }}` prints, as Ansible does: null is empty, booleans are `True` and `False`, lists and mappings as Python shows them. */
export const printed = (value: Value, meter: Meter): string => (value === null ? '' : toText(value, meter));

/** Python's `str()`: what `~`, `join` and `| string` make of a value. */
export function toText(value: Value, meter: Meter): string {
  defined(value);
  if (typeof value === 'string') return countRead(value, meter);
  if (value instanceof Secret) return countRead(String(meter.reveal(value)), meter);
  const text = represent(value, meter, 0);
  boundText(text.length, meter);
  return text;
}

/** A string argument; anything but strings and numbers is refused, so that a list never turns into text unseen. */
export function stringOf(value: Value, meter: Meter, what = 'a string'): string {
  if (typeof value === 'string' || value instanceof Secret || typeof asNumber(value) === 'number') return toText(value, meter);
  defined(value);
  throw new TemplateFailure(`expected ${what}, found ${typeName(value)}`);
}

/** Python's `repr()`. */
function represent(value: Value, meter: Meter, depth: number): string {
  meter.spend(1);
  if (depth > deepest) throw new TemplateFailure('a value is nested too deeply to be printed', { code: 'too-large' });
  defined(value);
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number' || value instanceof WholeFloat) return numberText(value);
  if (value instanceof Secret) return represent(meter.reveal(value), meter, depth);
  if (typeof value === 'string') {
    meter.spend(value.length >>> 6);
    return quoted(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => represent(item, meter, depth + 1)).join(', ')}]`;
  const members = membersOf(value, meter);
  if (members === undefined) throw new TemplateFailure(`${typeName(value)} cannot be printed`);
  const entries = Object.entries(members);
  return `{${entries.map(([key, member]) => `${quoted(key)}: ${represent(member, meter, depth + 1)}`).join(', ')}}`;
}

const escapes: { readonly [character: string]: string } = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t]/g, (character) => escapes[character]!);
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

/**
 * The value as plain JSON, but for its floats, with secrets revealed: what the JSON and YAML filters write.
 * Members that are undefined are the problem they carry.
 */
export function toPlain(value: Value, meter: Meter, depth = 0): unknown {
  meter.spend(1);
  if (depth > deepest) throw new TemplateFailure('a value is nested too deeply', { code: 'too-large' });
  defined(value);
  if (value instanceof Secret) return toPlain(meter.reveal(value), meter, depth);
  if (typeof value === 'string') meter.spend(value.length >>> 6);
  if (Array.isArray(value)) return value.map((item) => toPlain(item, meter, depth + 1));
  if ((typeof value !== 'object' && value !== omit) || value instanceof WholeFloat) return value;
  if (value === null) return null;
  const members = membersOf(value, meter);
  if (members === undefined) throw new TemplateFailure(`${typeName(value)} cannot be written as text`);
  return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, toPlain(member, meter, depth + 1)]));
}
