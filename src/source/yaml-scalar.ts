/** Which rules decide what an unquoted word is: 1.1 as PyYAML (Ansible, Hermes) reads it, 1.2 for our own documents. */
export type YamlVersion = '1.1' | '1.2';

/** What an unquoted scalar stands for; `refused` says why it cannot be kept exactly. */
type ScalarValue = null | boolean | number | string | { readonly refused: string };

const nulls = new Set(['', '~', 'null', 'Null', 'NULL']);
const trues = new Set(['true', 'True', 'TRUE']);
const falses = new Set(['false', 'False', 'FALSE']);
const words11 = new Map([
  ...['yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['no', 'No', 'NO', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);

const mayBeNumber = /^[-+]?\.?[0-9]|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;
const notFinite = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;
const decimal = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const float11 = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
const sixty11 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const float12 = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** Dates stay text. Never throws. */
export function scalarValue(text: string, version: YamlVersion): ScalarValue {
  if (nulls.has(text)) return null;
  if (trues.has(text)) return true;
  if (falses.has(text)) return false;
  if (version === '1.1' && words11.has(text)) return words11.get(text) ?? null;
  if (!mayBeNumber.test(text)) return text;
  if (notFinite.test(text)) return { refused: 'is not a finite number; quote it if it is a text' };
  return version === '1.1' ? number11(text) : number12(text);
}

/** Whether a word that stands for a whole number is written as a float: `8.0`, `1e3`. */
export const isFloatText = (text: string): boolean => text.includes('.') || /^[-+]?[0-9_]+[eE]/.test(text);

function number11(text: string): ScalarValue {
  const sign = text.startsWith('-') ? -1 : 1;
  const plain = text.replaceAll('_', '');
  const digits = plain.replace(/^[-+]/, '');
  if (decimal.test(text)) return exact(sign * Number(digits));
  if (/^[-+]?0[0-7_]+$/.test(text)) return exact(sign * Number.parseInt(digits || '0', 8));
  if (/^[-+]?0b[01_]+$/.test(text)) return exact(sign * Number.parseInt(digits.slice(2) || '0', 2));
  if (/^[-+]?0x[0-9a-fA-F_]+$/.test(text)) return exact(sign * Number.parseInt(digits.slice(2) || '0', 16));
  if (float11.test(text)) return finite(sign * Number(digits));
  const isSixty = sixty11.test(text) && (text.includes('.') || /^[-+]?[1-9]/.test(text));
  if (isSixty) return exact(sign * digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0));
  return text;
}

function number12(text: string): ScalarValue {
  if (/^[-+]?[0-9]+$/.test(text)) return exact(Number(text));
  if (/^0o[0-7]+$/.test(text)) return exact(Number.parseInt(text.slice(2), 8));
  if (/^0x[0-9a-fA-F]+$/.test(text)) return exact(Number.parseInt(text.slice(2), 16));
  return float12.test(text) ? finite(Number(text)) : text;
}

const exact = (value: number): ScalarValue =>
  Math.abs(value) <= Number.MAX_SAFE_INTEGER || !Number.isInteger(value)
    ? finite(value)
    : { refused: 'is a whole number with more digits than can be kept exactly; quote it' };

const finite = (value: number): ScalarValue =>
  Number.isFinite(value) ? (value === 0 ? 0 : value) : { refused: 'is a number too large to be kept; quote it if it is a text' };
