import { isObject, type Json } from '../../model/json.ts';

/** How a new text is quoted, where it can be: as the one that it replaces. */
export type Quotes = 'plain' | 'single' | 'double';

const plainText = /^[A-Za-z_/][A-Za-z0-9_/.+-]*(?:(?: |:)[A-Za-z0-9_/.+-]+)*$/;
/** What some reader takes for something else than a text; the exponent alone is a number to the library. */
const reservedWord = /^(?:y|n|yes|no|on|off|true|false|null|e[-+]?[0-9_]+)$/i;
/** Printable in YAML, on one line. */
const printable = /^[\t\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** One line of YAML that means the same in versions 1.1 and 1.2, inside and outside of flow collections. */
export function renderInline(value: Json, quotes: Quotes = 'plain'): string {
  if (typeof value === 'string') return renderText(value, quotes);
  if (typeof value === 'number') return renderNumber(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => renderInline(item)).join(', ')}]`;
  if (isObject(value)) {
    const members = Object.entries(value).map(([key, member]) => `${renderKey(key)}: ${renderInline(member)}`);
    return `{${members.join(', ')}}`;
  }
  return String(value);
}

const renderKey = (key: string): string =>
  /^[A-Za-z_][A-Za-z0-9_/.-]*$/.test(key) && !reservedWord.test(key) ? key : renderText(key, 'double');

/** Whether the value takes lines of its own below its key. */
export const needsLines = (value: Json): boolean =>
  Array.isArray(value) ? value.length > 0 : isObject(value) && Object.keys(value).length > 0;

export interface BlockStyle {
  /** One level of indentation. */
  readonly unit: string;
  /** What list items get before the dash, below a key. */
  readonly dash: string;
  /** The text lacks its final line break, so that no literal block at its end can have one. */
  readonly isOpen: boolean;
}

/** The lines of a mapping or list that stands below its key. */
export function renderLines(value: Json, indent: string, style: BlockStyle): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => renderItem(item, indent, style));
  return Object.entries(value as { readonly [key: string]: Json }).flatMap(([key, member]) =>
    renderMember(key, member, indent, style),
  );
}

/** `key: value` with the lines below it. */
export function renderMember(key: string, value: Json, indent: string, style: BlockStyle): readonly string[] {
  const head = `${indent}${renderKey(key)}:`;
  if (needsLines(value)) {
    return [head, ...renderLines(value, indent + (Array.isArray(value) ? style.dash : style.unit), style)];
  }
  const literal = typeof value === 'string' ? renderLiteral(value, indent + style.unit, style.isOpen) : undefined;
  return literal ? [`${head} ${literal[0]}`, ...literal.slice(1)] : [`${head} ${renderInline(value)}`];
}

function renderItem(item: Json, indent: string, style: BlockStyle): readonly string[] {
  if (!isObject(item) || !needsLines(item)) return [`${indent}- ${renderInline(item)}`];
  const [first = '', ...rest] = renderLines(item, `${indent}  `, style);
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

/** A text of several plain lines as a literal block: its header, then its lines. Undefined where that cannot hold it. */
function renderLiteral(text: string, indent: string, isOpen: boolean): readonly string[] | undefined {
  const lines = text.split('\n');
  const isClosed = lines.at(-1) === '';
  if (isClosed) lines.pop();
  if ((isClosed && isOpen) || lines.length < 2 || lines[0] === '' || lines.at(-1) === '' || /^\s/.test(text)) return undefined;
  if (lines.some((line) => !printable.test(line) || /^\s+$/.test(line))) return undefined;
  return [isClosed ? '|' : '|-', ...lines.map((line) => (line === '' ? '' : indent + line))];
}

function renderText(text: string, quotes: Quotes): string {
  if (quotes === 'plain' && plainText.test(text) && !reservedWord.test(text) && !text.endsWith(':') && text.length < 500) {
    return text;
  }
  if (quotes === 'single' && printable.test(text)) return `'${text.replaceAll("'", "''")}'`;
  const escaped = [...JSON.stringify(text)].map((character) =>
    printable.test(character) ? character : escapeOf(character.codePointAt(0)!),
  );
  return escaped.join('');
}

const escapeOf = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

/** YAML 1.1 wants a point and a sign where JavaScript writes `1e21`. Beyond 53 bits a number is a float, as in JavaScript. */
function renderNumber(value: number): string {
  const isWide = Number.isInteger(value) && !Number.isSafeInteger(value);
  const [mantissa = '0', exponent] = (isWide ? value.toExponential() : String(value)).split('e');
  return exponent === undefined ? mantissa : `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}e${exponent}`;
}
