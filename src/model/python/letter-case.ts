/** Letters beyond ASCII that Python takes for an ASCII letter where case is ignored. */
const beyondAscii: { readonly [letter: string]: string } = { i: 'İı', k: '\u212a', s: 'ſ' };

/** The last code point that has another case, with room for what Unicode adds. */
const lastCased = 0x1ffff;

/** Only U+0130 becomes two characters. */
const lowerOf = (character: string): string => (character === 'İ' ? 'i' : character.toLowerCase());

let families: ReadonlyMap<string, ReadonlySet<string>> | undefined;

/** Characters that are the same where case is ignored, by each of them: those with one lower case, and lower cases with one upper case. */
function readFamilies(): ReadonlyMap<string, ReadonlySet<string>> {
  const members = new Map<string, Set<string>>();
  const join = (key: string, character: string): void => {
    const family = members.get(key);
    if (family) family.add(character);
    else members.set(key, new Set([character]));
  };
  for (let code = 0; code <= lastCased; code++) {
    const character = String.fromCodePoint(code);
    const lower = lowerOf(character);
    if (lower !== character || character.toUpperCase() !== character) join(lower.toUpperCase(), character);
  }
  return new Map([...members.values()].flatMap((family) => [...family].map((character) => [character, family] as const)));
}

/** What Python's `re.IGNORECASE` takes for one of the characters from `low` to `high`, beyond these: code points. */
export function caseVariants(low: number, high: number, isAscii: boolean): readonly number[] {
  const found: string[] = [];
  for (let code = Math.max(low, 0x41); code <= Math.min(high, 0x7a); code++) {
    const lower = String.fromCharCode(code).toLowerCase();
    found.push(lower, lower.toUpperCase(), ...(isAscii ? '' : (beyondAscii[lower] ?? '')));
  }
  if (!isAscii && high > 0x7f) {
    families ??= readFamilies();
    for (const [character, family] of families) {
      const code = character.codePointAt(0)!;
      if (code > 0x7f && code >= low && code <= high) found.push(...family);
    }
  }
  return found.map((character) => character.codePointAt(0)!);
}
