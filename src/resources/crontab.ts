/**
 * Editing one marked entry of a crontab. Texts hold one character per byte (latin1), so that bytes which are not UTF-8
 * survive. An entry stands between two comments, so that losing the job line can never make the next line look like ours:
 *
 *     # reconcile: deadman
 *     0 4 * * * /opt/deadman
 *     # reconcile end: deadman
 */
interface CrontabEntry {
  /** The lines between the markers, without line ends; normally one. */
  readonly lines: readonly string[];
  /** The whole entry as it stands, markers and line ends included, for putting it back exactly. */
  readonly raw: string;
  readonly place: EntryPlace;
}

/** Where an entry stands, told by what surrounds it, so that it can be put back after other lines have changed. */
interface EntryPlace {
  /** How many foreign lines stand above. */
  readonly foreignAbove: number;
  /** Names of the other entries between the last of these lines and this entry. */
  readonly entriesAbove: readonly string[];
}

const marker = /^#[ \t]*reconcile( end)?:[ \t]*(\S+)[ \t\r]*$/;

interface Line {
  readonly start: number;
  /** After the line end. */
  readonly end: number;
  readonly text: string;
  readonly marks?: { readonly name: string; readonly closes: boolean };
}

interface Block {
  readonly first: number;
  readonly last: number;
}

/** The entry of that name; undefined when there is none. Throws when it lacks a marker, occurs twice, or the text holds a NUL. */
export function readEntry(text: string, name: string): CrontabEntry | undefined {
  const lines = splitLines(text);
  const block = findBlock(lines, name);
  if (!block) return undefined;
  const inside = lines.slice(block.first + 1, block.last);
  const raw = text.slice(lines[block.first]?.start, lines[block.last]?.end);
  return { lines: inside.map((line) => line.text), raw, place: placeOf(lines, block) };
}

/**
 * Replaces the entry in place, or adds it after the last complete line; a last line without its line end stays last.
 * Every other byte is kept. `line` is one line without line end.
 */
export function setEntry(text: string, name: string, line: string): string {
  const lines = splitLines(text);
  const raw = `# reconcile: ${name}\n${line}\n# reconcile end: ${name}\n`;
  const block = findBlock(lines, name);
  if (block) return splice(text, lines, block, raw);
  const end = text.lastIndexOf('\n') + 1;
  return text.slice(0, end) + raw + text.slice(end);
}

/** Takes the entry out. Every other byte is kept; undoes `setEntry` exactly where that added it. */
export function removeEntry(text: string, name: string): string {
  const lines = splitLines(text);
  const block = findBlock(lines, name);
  return block ? splice(text, lines, block, '') : text;
}

/** Puts an entry back as `readEntry` found it, where it stood, in a text whose other lines may have changed. */
export function restoreEntry(text: string, name: string, { raw, place }: Pick<CrontabEntry, 'raw' | 'place'>): string {
  const rest = removeEntry(text, name);
  const lines = splitLines(rest);
  const names = entryNames(lines);
  let at = 0;
  let foreign = 0;
  for (const [index, { end }] of lines.entries()) {
    const entry = names[index];
    if (entry === undefined && foreign++ === place.foreignAbove) break;
    if (entry === undefined || foreign < place.foreignAbove || place.entriesAbove.includes(entry)) at = end;
  }
  if (at > 0 && rest[at - 1] !== '\n') at = rest.lastIndexOf('\n') + 1;
  const end = at < rest.length && !raw.endsWith('\n') ? '\n' : '';
  return rest.slice(0, at) + raw + end + rest.slice(at);
}

function splice(text: string, lines: readonly Line[], { first, last }: Block, raw: string): string {
  return text.slice(0, lines[first]?.start) + raw + text.slice(lines[last]?.end);
}

function splitLines(text: string): Line[] {
  if (text.includes('\0')) throw new Error('the crontab holds a NUL character and is left alone');
  const lines: Line[] = [];
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline + 1;
    const line = text.slice(start, newline < 0 ? end : newline);
    const match = line.startsWith('#') ? marker.exec(line) : null;
    const marks = match ? { marks: { name: match[2] ?? '', closes: match[1] !== undefined } } : {};
    lines.push({ start, end, text: line, ...marks });
    start = end;
  }
  return lines;
}

function findBlock(lines: readonly Line[], name: string): Block | undefined {
  const own = [...lines.entries()].filter(([, { marks }]) => marks?.name === name);
  if (own.length === 0) return undefined;
  const [opening, closing] = own;
  const isWhole =
    own.length === 2 &&
    opening?.[1].marks?.closes === false &&
    closing?.[1].marks?.closes === true &&
    lines.slice(opening[0] + 1, closing[0]).every(({ marks }) => !marks);
  if (!isWhole)
    throw new Error(
      `entry "${name}" of the crontab is damaged: expected one "# reconcile: ${name}" and, after it, one ` +
        `"# reconcile end: ${name}"; repair or delete its lines`,
    );
  return { first: opening[0], last: closing[0] };
}

/** For each line the name of the entry it belongs to; undefined for foreign lines. */
function entryNames(lines: readonly Line[]): readonly (string | undefined)[] {
  const names: (string | undefined)[] = lines.map(() => undefined);
  for (const [index, { marks }] of lines.entries()) {
    if (!marks || marks.closes) continue;
    const length = lines.slice(index + 1).findIndex((line) => line.marks);
    const closing = lines[index + 1 + length]?.marks;
    if (length >= 0 && closing?.closes && closing.name === marks.name) names.fill(marks.name, index, index + length + 2);
  }
  return names;
}

function placeOf(lines: readonly Line[], { first }: Block): EntryPlace {
  const above = entryNames(lines).slice(0, first);
  const lastForeign = above.lastIndexOf(undefined);
  return {
    foreignAbove: above.filter((name) => name === undefined).length,
    entriesAbove: [...new Set(above.slice(lastForeign + 1))].filter((name) => name !== undefined),
  };
}
