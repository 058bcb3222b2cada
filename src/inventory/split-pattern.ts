import { isAddress } from './host-key.ts';

/** The terms of a host pattern: separated by `,` or, without a comma, by `:` and spaces. */
export function splitPattern(pattern: string): readonly string[] {
  const terms = pattern.includes(',') ? pattern.split(',') : isAddress(pattern) ? [pattern] : splitAtColons(pattern);
  return terms.map((term) => term.trim()).filter((term) => term !== '');
}

/** At colons and spaces outside brackets. */
function splitAtColons(pattern: string): readonly string[] {
  const terms: string[] = [''];
  let isInside = false;
  for (const character of pattern) {
    if (character === '[') isInside = true;
    else if (character === ']') isInside = false;
    if (!isInside && /[\s:]/.test(character)) terms.push('');
    else terms[terms.length - 1] += character;
  }
  return terms;
}
