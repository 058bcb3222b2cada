/**
 * Text as a block of Markdown in which nothing is acted on: no link, no mention, no reference. Cut at a line when it is longer
 * than so many characters. The text must be printable.
 */
export function fenced(text: string, most: number): string {
  const lines = text.replace(/\n+$/, '').split('\n');
  const kept: string[] = [];
  let room = most;
  for (const line of lines) {
    room -= line.length + 1;
    if (room < 0) break;
    kept.push(line);
  }
  const rest = lines.length - kept.length;
  if (rest > 0) kept.push(`... ${rest} more ${rest === 1 ? 'line' : 'lines'}`);
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${kept.join('\n')}\n${fence}`;
}
