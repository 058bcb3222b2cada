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
export function matchPatterns(host: string, patterns: readonly string[]): boolean {
  const name = host.toLowerCase();
  const matches = (pattern: string): boolean => matchPattern(name, pattern.toLowerCase());
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern));
}
