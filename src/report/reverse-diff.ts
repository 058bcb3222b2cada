/**
 * A unified diff the other way round, as `unifiedDiff` writes it: the lines that it takes away first; of a sentence in its place, the
 * sizes. What was cut off its end stays as it is.
 */
export function reverseDiff(text: string): string {
  const [from = '', to = '', ...lines] = text.split('\n');
  if (!from.startsWith('--- ') || !to.startsWith('+++ ')) return reverseSummary(text);
  const made = [`--- ${to.slice(4).replace(/^b\//, 'a/')}`, `+++ ${from.slice(4).replace(/^a\//, 'b/')}`];
  let gone: string[] = [];
  let come: string[] = [];
  let last = made;
  const flush = (): void => {
    made.push(...gone, ...come);
    [gone, come, last] = [[], [], made];
  };
  for (const line of lines) {
    if (line.startsWith('+')) (last = gone).push(`-${line.slice(1)}`);
    else if (line.startsWith('-')) (last = come).push(`+${line.slice(1)}`);
    // It is said of the line above it.
    else if (line.startsWith('\\')) last.push(line);
    else {
      flush();
      made.push(line.replace(/^@@ -(\S+) \+(\S+) @@/, '@@ -$2 +$1 @@'));
    }
  }
  flush();
  return made.join('\n');
}

/** `binary: new, 12 bytes`, `binary: 3 bytes → 4 bytes`. */
const reverseSummary = (text: string): string =>
  text
    .replace(/^([a-z ]+: )(?:(new)|removed), /, (_all, what: string, isNew?: string) => `${what}${isNew ? 'removed' : 'new'}, `)
    .replace(/^([a-z ]+: )(.+) → (.+)$/, '$1$3 → $2');
