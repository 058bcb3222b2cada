const mostLines = 5;
const mostCharacters = 1_000;

/**
 * The end of what a program said, for an error. Cut between words: what is left of a word could be the end of a secret, which
 * nobody would recognise any more.
 */
export function lastLines(said: string): string {
  const end = said.trim().split('\n').slice(-mostLines).join('\n');
  return end.length <= mostCharacters ? end : `...${end.slice(-mostCharacters).replace(/^\S*/, '')}`;
}
