/** One step of a glob: any text, any character, or a character of a set. */
type Token = 'any' | 'one' | CharacterSet;

interface CharacterSet {
  includes(character: string): boolean;
}

/**
 * Compiles a glob with the rules of Python's `fnmatch`: `*` also matches dots, `[!a-c]` negates, case counts. In time
 * proportional to the lengths of glob and name, whatever the glob. Undefined for a "[" without "]".
 */
export function compileGlob(glob: string): ((name: string) => boolean) | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < glob.length; at++) {
    const character = glob.charAt(at);
    if (character === '*') tokens.push('any');
    else if (character === '?') tokens.push('one');
    else if (character !== '[') tokens.push(literal(character));
    else {
      const first = glob.charAt(at + 1) === '!' ? at + 2 : at + 1;
      const close = glob.indexOf(']', first + 1);
      if (close < 0) return undefined;
      tokens.push(characterSet(glob.slice(first, close), first > at + 1));
      at = close;
    }
  }
  return (name) => matches(tokens, name);
}

const literal = (character: string): CharacterSet => ({ includes: (other) => other === character });

function characterSet(text: string, isNegated: boolean): CharacterSet {
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < text.length; at++) {
    const first = text.charAt(at);
    const isRange = text.charAt(at + 1) === '-' && at + 2 < text.length;
    ranges.push([first, isRange ? text.charAt(at + 2) : first]);
    if (isRange) at += 2;
  }
  return { includes: (other) => ranges.some(([first, last]) => first <= other && other <= last) !== isNegated };
}

/** Only the last star is ever taken back: an earlier one could not match more than it has. */
function matches(tokens: readonly Token[], name: string): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starEnd = 0;
  while (at < name.length) {
    const wanted = tokens[token];
    if (wanted === 'any') {
      star = token++;
      starEnd = at;
    } else if (wanted !== undefined && (wanted === 'one' || wanted.includes(name.charAt(at)))) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starEnd;
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest === 'any');
}
