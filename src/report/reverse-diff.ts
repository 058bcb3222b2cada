/**
 * A unified diff the other way round, as `unifiedDiff` writes it: the lines that it takes away first. A sentence in its place, and what
 * was cut off its end, stay as they are.
 */
export function reverseDiff(text: string): string {
  const [from = '', to = '', ...lines] = text.split('\n');
  if (!from.startsWith('--- ') || !to.startsWith('+++ ')) return text;
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
