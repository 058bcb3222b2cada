/** As `shlex.split` and shells do; undefined where a quote stays open. */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index]!;
    if (character === "'" || character === '"') {
      const end = closingQuote(line, index + 1, character);
      if (end < 0) return undefined;
      const inside = line.slice(index + 1, end);
      word = (word ?? '') + (character === '"' ? inside.replace(/\\(["\\])/g, '$1') : inside);
      index = end;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '\\') {
      if (index + 1 >= line.length) return undefined;
      word = (word ?? '') + line[(index += 1)]!;
    } else word = (word ?? '') + character;
  }
  return word === undefined ? words : [...words, word];
}

function closingQuote(line: string, from: number, quote: string): number {
  for (let index = from; index < line.length; index += 1) {
    if (quote === '"' && line[index] === '\\') index += 1;
    else if (line[index] === quote) return index;
  }
  return -1;
}
