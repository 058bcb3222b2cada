/**
 * Everything a terminal would act on, or that hides text from a reader: control characters but tab and newline,
 * direction overrides, zero-width characters, line separators, lone surrogates.
 */
const hidden =
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const short: Readonly<Record<string, string>> = { '\r': '\\r', '\x1b': '\\e', '\0': '\\0' };

/** The text with everything hidden written out (`\e`, `\u{202e}`), so that hostile content cannot act on a terminal. Keeps tabs and newlines. */
export function printable(text: string): string {
  return text.replace(hidden, (character) => short[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** JSON with everything hidden as `\uXXXX`, which stands for the same value: people look at it in terminals too. */
export function printableJson(json: string): string {
  return json.replace(hidden, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same for text that must stay on its line: tabs and newlines are written out too. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}
