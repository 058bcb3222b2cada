/** Whether a text is of OpenSSH's pattern: `*` for any characters, `?` for one. Both in lower case. In the square of their lengths at most. */
function matchPattern(text: string, pattern: string): boolean {
  let star = -1;
  let resume = 0;
  let at = 0;
  let index = 0;
  while (index < text.length) {
    if (at < pattern.length && (pattern[at] === '?' || (pattern[at] === text[index] && pattern[at] !== '*'))) {
      at += 1;
      index += 1;
    } else if (pattern[at] === '*') {
      star = at;
      resume = index;
      at += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** Whether a host is meant by a list of patterns: one of them matches, and none behind a `!` does. */
function matchPatterns(name: string, patterns: readonly string[]): boolean {
  const matches = (pattern: string): boolean => matchPattern(name, pattern.toLowerCase());
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern));
}

/** By host, in their order, which of many lists of patterns mean it. A list of names only is not looked at for other hosts. */
export function indexPatterns(lists: readonly (readonly string[])[]): (host: string) => readonly number[] {
  const named = new Map<string, number[]>();
  const others: number[] = [];
  const add = (name: string, index: number): void => {
    const known = named.get(name);
    if (known) known.push(index);
    else named.set(name, [index]);
  };
  for (const [index, patterns] of lists.entries())
    if (patterns.some((pattern) => /[*?!]/.test(pattern))) others.push(index);
    else for (const name of new Set(patterns.map((pattern) => pattern.toLowerCase()))) add(name, index);
  return (host) => {
    const name = host.toLowerCase();
    const found = others.filter((index) => matchPatterns(name, lists[index]!));
    return [...(named.get(name) ?? []), ...found].sort((one, other) => one - other);
  };
}
