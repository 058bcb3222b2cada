const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', s: ' ', '\\': '\\', '"': '"', "'": "'" };

/** Splits a value as systemd splits a command line: blanks, both quotes, backslashes. Undefined where a quote stays open. */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (letter === '\\') {
      const hex = /^x([0-9a-fA-F]{2})/.exec(text.slice(at + 1))?.[1];
      const next = text[at + 1] ?? '';
      word = (word ?? '') + (hex === undefined ? (escapes[next] ?? `\\${next}`) : String.fromCharCode(Number.parseInt(hex, 16)));
      at += hex === undefined ? 1 : 3;
    } else if (quote !== '') {
      if (letter === quote) quote = '';
      else word = (word ?? '') + letter;
    } else if ((letter === '"' || letter === "'") && (word === undefined || word.endsWith('='))) {
      quote = letter;
      word ??= '';
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + letter;
  }
  if (quote !== '') return undefined;
  return word === undefined ? words : [...words, word];
}
