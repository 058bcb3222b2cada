/** A pattern that is safe to run over any text. */
export interface BanPattern {
  /** As written. */
  readonly pattern: string;
  /** Ignores case, and begins and ends with each line; every repetition in it is bounded. */
  readonly expression: RegExp;
}

const maxPatternLength = 256;
/** `*`, `+` and `{n,}` reach this many repetitions, which bounds the time of a search without windows or timers. */
const reach = 256;
/** In how many ways a pattern may match at one place; the time of a search is at most this times the length of the text. */
const maxWays = 2_000;

/** Of other letters the engine would take `\Z` for "Z", and `\u{61}` for 61 times "u". */
const atom =
  /\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[bBdDsSwWfnrtv0]|\\[^a-zA-Z0-9]|\[(?:\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[bBdDsSwWfnrtv0]|[^a-zA-Z0-9])|[^\]\\])*\]|[^\\()[\]{}|*+?]/y;
const groupStart = /\((?:\?(?::|<?[=!]))?/y;
const quantifier = /([*+?]|\{(\d{1,4})(,(\d{0,4}))?\})\??/y;

/**
 * Reads a banned pattern: a regular expression without back references, named groups, and repetitions inside of
 * repetitions. Returns what is wrong with it as a text that continues `which ...`.
 */
export function readBanPattern(pattern: string): BanPattern | { readonly fault: string } {
  if (pattern.trim() === '') return { fault: 'is empty' };
  if (pattern.length > maxPatternLength) return { fault: `is longer than ${maxPatternLength} characters` };
  const reader = { pattern, index: 0, source: '', depth: 0 };
  try {
    const { ways, least } = readAlternatives(reader);
    if (reader.index < pattern.length)
      return { fault: `has an unexpected "${pattern[reader.index]}" at character ${reader.index + 1}` };
    if (ways > maxWays) return { fault: 'could take too long: use at most one "*" or "+" in a pattern' };
    if (least === 0) return { fault: 'matches the empty text' };
    return { pattern, expression: new RegExp(reader.source, 'im') };
  } catch (error) {
    return { fault: error instanceof SyntaxError ? 'is not a regular expression' : (error as Error).message };
  }
}

interface Reader {
  readonly pattern: string;
  index: number;
  source: string;
  depth: number;
}

/** `ways`: in how many ways the part can match at one place. `least`: how many characters it matches at least. */
interface Part {
  readonly ways: number;
  readonly least: number;
}

function readAlternatives(reader: Reader): Part {
  if (reader.depth++ > 10) throw new Error('nests groups deeper than 10');
  let total = readSequence(reader);
  while (take(reader, /\|/y)) {
    const next = readSequence(reader);
    total = { ways: total.ways + next.ways, least: Math.min(total.least, next.least) };
  }
  reader.depth--;
  return total;
}

function readSequence(reader: Reader): Part {
  let total: Part = { ways: 1, least: 0 };
  for (;;) {
    const part = readRepeated(reader);
    if (!part) return total;
    total = { ways: Math.min(total.ways * part.ways, Number.MAX_SAFE_INTEGER), least: total.least + part.least };
  }
}

function readRepeated(reader: Reader): Part | undefined {
  const start = take(reader, groupStart);
  let part: Part;
  if (start !== undefined) {
    part = readAlternatives(reader);
    if (!take(reader, /\)/y)) throw new Error('has an open group');
    if (/[=!]$/.test(start)) part = { ways: part.ways, least: 0 };
  } else {
    const text = take(reader, atom);
    if (text === undefined) return undefined;
    part = { ways: 1, least: /^(\\[bB]|\^|\$)$/.test(text) ? 0 : 1 };
  }
  const before = reader.source.length;
  if (!take(reader, quantifier)) return part;
  const written = reader.source.slice(before);
  const [, sign = '', low, comma, high] = new RegExp(quantifier.source).exec(written) ?? [];
  const from = low === undefined ? (sign === '+' ? 1 : 0) : Number(low);
  const to = sign === '?' ? 1 : low !== undefined && !comma ? from : high ? Number(high) : from + reach;
  if (from > reach || to > 2 * reach) throw new Error(`repeats more than ${reach} times`);
  if (start !== undefined && sign !== '?') {
    if (to > 16 || part.ways > 1)
      throw new Error('repeats a group; repeat single characters, or write one pattern per alternative');
  }
  reader.source = `${reader.source.slice(0, before)}{${from},${to}}${written.endsWith('?') && written.length > 1 ? '?' : ''}`;
  return { ways: (to - from + 1) * part.ways, least: from * part.least };
}

/** Copies what matches at the reader's place into its source. */
function take(reader: Reader, expression: RegExp): string | undefined {
  expression.lastIndex = reader.index;
  const text = expression.exec(reader.pattern)?.[0];
  if (text === undefined) return undefined;
  reader.index += text.length;
  reader.source += text;
  return text;
}
