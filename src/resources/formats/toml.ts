import { parse, TomlDate, TomlError } from 'smol-toml';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import {
  aboveBlankLine,
  indentAt,
  insertLines,
  isPrefix,
  lineStart,
  maxDepth,
  mebibyte,
  nest,
  nextLine,
  UnreadableText,
  type Format,
  type LeafPath,
  type Stretch,
} from './format.ts';
import { scanInlineTable, scanToml, type TomlEntry, type TomlTable } from './toml-scan.ts';

/** TOML. Lists of tables are values that cannot be edited by key. */
export const tomlFormat: Format = {
  maxBytes: mebibyte,
  open(text) {
    const tree = parseToml(text);
    const tables = scanToml(text);
    return {
      tree,
      set: (path, value) => [setAt(text, tables, path, value)],
      unset(path) {
        const found = findEntry(text, tables, path);
        if (!found) return removeTable(text, tables, path);
        return found.rest.length > 0 ? [] : [removeEntry(text, tables, found)];
      },
    };
  },
  fit(path, value) {
    assertFits(value);
    return [path, value];
  },
};

function parseToml(text: string): JsonObject {
  try {
    return jsonOf(parse(text, { integersAsBigInt: 'asNeeded', maxDepth })) as JsonObject;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new UnreadableText(`not valid TOML at line ${error.line}, column ${error.column}`);
  }
}

function setAt(text: string, tables: readonly TomlTable[], path: LeafPath, value: Json): Stretch {
  const found = findEntry(text, tables, path);
  if (found) {
    const { entry, rest } = found;
    if (rest.length > 0 && text[entry.valueStart] === '{') return addInline(text, entry.valueStart, rest, value);
    const old = text.slice(entry.valueStart, entry.valueEnd);
    return { start: entry.valueStart, end: entry.valueEnd, by: renderValue(nest(rest, value), old.startsWith("'")) };
  }
  if (tables.some((table) => isPrefix(path, table.path))) {
    throw new Error(`${path.at(-1)} is a table here, and cannot become a value`);
  }
  return addEntry(text, tables, path, value);
}

function jsonOf(value: unknown): Json {
  if (value instanceof TomlDate) return `!!timestamp ${value.toISOString()}`;
  if (typeof value === 'bigint') return `!!int ${value}`;
  if (typeof value === 'number') return Number.isFinite(value) ? value : `!!float ${value}`;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonOf(member)]));
  return value as Json;
}

function assertFits(value: Json): void {
  if (value === null) throw new Error('TOML has no null');
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('TOML cannot hold half a surrogate pair');
  if (typeof value === 'object') Object.values(value).forEach(assertFits);
}

interface Level {
  readonly entry: TomlEntry;
  readonly siblings: readonly TomlEntry[];
}

interface Found {
  readonly table: TomlTable;
  /** From the entry of the table through inline tables to the one at the path. */
  readonly levels: readonly Level[];
  readonly entry: TomlEntry;
  /** What of the path leads into the value of the entry, and is not there. */
  readonly rest: LeafPath;
}

/** The entry at the path, or the innermost one above it. */
function findEntry(text: string, tables: readonly TomlTable[], path: LeafPath): Found | undefined {
  const list = tables.find((table) => table.isElement && isPrefix(table.path, path));
  if (list) throw new Error(`${list.path.join('.')} is a list of tables, which cannot be edited by key`);
  for (const table of tables) {
    if (!isPrefix(table.path, path)) continue;
    const levels = levelsOf(text, table.entries, path.slice(table.path.length));
    const entry = levels.at(-1)?.entry;
    const depth = levels.reduce((sum, level) => sum + level.entry.key.length, table.path.length);
    if (entry) return { table, levels, entry, rest: path.slice(depth) };
  }
  return undefined;
}

function levelsOf(text: string, siblings: readonly TomlEntry[], path: LeafPath): readonly Level[] {
  const entry = siblings.find(({ key }) => isPrefix(key, path));
  if (!entry) return [];
  const rest = path.slice(entry.key.length);
  const isTable = rest.length > 0 && text[entry.valueStart] === '{';
  return [{ entry, siblings }, ...(isTable ? levelsOf(text, scanInlineTable(text, entry.valueStart), rest) : [])];
}

const renderKey = (path: LeafPath): string => path.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : renderText(key))).join('.');

const renderText = (text: string): string => JSON.stringify(text).replaceAll('\u007f', '\\u007f');

function renderValue(value: Json, isLiteral = false): string {
  if (typeof value === 'string') return isLiteral && /^[\x20-\x26\x28-\x7e]*$/.test(value) ? `'${value}'` : renderText(value);
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return value.toExponential();
  if (Array.isArray(value)) return `[${value.map((item: Json) => renderValue(item)).join(', ')}]`;
  if (!isObject(value)) return String(value);
  const members = Object.entries(value).map(([key, member]) => `${renderKey([key])} = ${renderValue(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function addInline(text: string, start: number, path: LeafPath, value: Json): Stretch {
  const last = scanInlineTable(text, start).at(-1);
  const member = `${renderKey(path)} = ${renderValue(value)}`;
  const offset = last ? last.valueEnd : start + 1;
  return { start: offset, end: offset, by: last ? `, ${member}` : ` ${member} ` };
}

function addEntry(text: string, tables: readonly TomlTable[], path: LeafPath, value: Json): Stretch {
  const holders = tables.filter(({ path: own }) => isPrefix(own, path.slice(0, -1)));
  const holder = holders.reduce((best, table) => (table.path.length > best.path.length ? table : best));
  const rest = path.slice(holder.path.length);
  const dotted = holder.entries.filter(({ key }) => key.length > 1 && key[0] === rest[0]);
  if (rest.length > 1 && dotted.length === 0) return addTable(text, path, value);
  const indent = indentAt(text, (dotted.at(-1) ?? holder.entries.at(-1))?.start ?? holder.start);
  const line = `${indent}${renderKey(rest)} = ${renderValue(value)}`;
  const last = dotted.at(-1) ?? holder.entries.at(-1);
  return { ...insertLines(text, offsetOf(), [line]), depth: 1 };

  function offsetOf(): number {
    if (last) return nextLine(text, last.valueEnd);
    if (holder.path.length > 0) return holder.bodyStart;
    const next = tables[1];
    return next ? aboveComments(text, lineStart(text, next.start)) : text.length;
  }
}

/** The start of the comment lines directly above a line. */
function aboveComments(text: string, start: number): number {
  while (start > 0) {
    const previous = lineStart(text, start - 1);
    if (text[previous] !== '#') break;
    start = previous;
  }
  return start;
}

function addTable(text: string, path: LeafPath, value: Json): Stretch {
  const lines = [`[${renderKey(path.slice(0, -1))}]`, `${renderKey(path.slice(-1))} = ${renderValue(value)}`];
  return insertLines(text, text.length, text.trim() === '' ? lines : ['', ...lines]);
}

/** With the inline tables, or the table, that would be empty afterwards. */
function removeEntry(text: string, tables: readonly TomlTable[], { table, levels }: Found): Stretch {
  const depth = Math.max(
    0,
    levels.findLastIndex(({ siblings }) => siblings.length > 1),
  );
  const { entry, siblings } = levels[depth]!;
  if (depth > 0) {
    const index = siblings.indexOf(entry);
    const next = siblings[index + 1];
    if (next) return { start: entry.start, end: next.start, by: '' };
    return { start: siblings[index - 1]!.valueEnd, end: entry.valueEnd, by: '' };
  }
  const start = lineStart(text, entry.start);
  const end = nextLine(text, entry.valueEnd);
  const isShared = tables.some((other) => other !== table && isPrefix(table.path, other.path));
  const isAlone = siblings.length === 1 && table.path.length > 0 && !isShared && text.slice(table.bodyStart, start).trim() === '';
  return { start: isAlone ? aboveBlankLine(text, lineStart(text, table.start)) : start, end, by: '' };
}

/** A whole table: its headers, those below it, and dotted keys of it elsewhere. */
function removeTable(text: string, tables: readonly TomlTable[], path: LeafPath): readonly Stretch[] {
  return tables.flatMap((table, index): readonly Stretch[] => {
    if (isPrefix(path, table.path)) {
      const next = tables[index + 1];
      const end = next ? aboveComments(text, lineStart(text, next.start)) : text.length;
      return [{ start: lineStart(text, table.start), end, by: '' }];
    }
    if (!isPrefix(table.path, path)) return [];
    const rest = path.slice(table.path.length);
    const gone = table.entries.filter(({ key }) => isPrefix(rest, key));
    return gone.map((entry) => ({ start: lineStart(text, entry.start), end: nextLine(text, entry.valueEnd), by: '' }));
  });
}
