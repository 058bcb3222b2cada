import { isObject, type Json } from '../../model/json.ts';
import {
  indentAt,
  mebibyte,
  lineBreakOf,
  nest,
  positionIn,
  UnreadableText,
  type Format,
  type LeafPath,
  type Stretch,
} from './format.ts';

interface Member {
  readonly key: string;
  readonly start: number;
  readonly value: Node;
}
/** Offsets of one value; `members` only for mappings. */
interface Node {
  readonly start: number;
  readonly end: number;
  readonly members?: readonly Member[];
}

/** JSON as `JSON.parse` takes it: no comments, no trailing commas. Duplicate keys are refused. */
export const jsonFormat: Format = {
  maxBytes: mebibyte,
  open(text) {
    if (text.trim() === '') {
      const whole = (value: Json): Stretch => ({
        start: 0,
        end: text.length,
        by: render(value, text, '', '  ') + lineBreakOf(text),
      });
      return { tree: {}, set: (path, value) => [whole(nest(path, value))], unset: () => [] };
    }
    let tree: Json;
    try {
      tree = JSON.parse(text) as Json;
    } catch {
      throw new UnreadableText(`not valid JSON at ${positionIn(text, faultOffset(text))}`);
    }
    if (!isObject(tree)) throw new UnreadableText('not a JSON object at the top level');
    const root = scan(text);
    return { tree, set: (path, value) => [setAt(text, root, path, value)], unset: (path) => unsetAt(root, path) };
  },
  fit: (path, value) => [path, value],
};

function setAt(text: string, root: Node, path: LeafPath, value: Json): Stretch {
  let node = root;
  const replace = (by: Json): Stretch => ({ start: node.start, end: node.end, by: renderAt(text, node.start, by) });
  for (const [depth, key] of path.entries()) {
    if (!node.members) return replace(nest(path.slice(depth), value));
    const member = node.members.find((candidate) => candidate.key === key);
    if (!member) return insert(text, node, key, nest(path.slice(depth + 1), value));
    node = member.value;
  }
  return replace(value);
}

function unsetAt(root: Node, path: LeafPath): readonly Stretch[] {
  let node = root;
  let removal = { node, index: -1 };
  for (const key of path) {
    const index = node.members?.findIndex((member) => member.key === key) ?? -1;
    if (!node.members || index === -1) return [];
    if (removal.index === -1 || node.members.length > 1) removal = { node, index };
    node = node.members[index]!.value;
  }
  const members = removal.node.members!;
  const member = members[removal.index]!;
  const next = members[removal.index + 1];
  const previous = members[removal.index - 1];
  if (next) return [{ start: member.start, end: next.start, by: '' }];
  if (previous) return [{ start: previous.value.end, end: member.value.end, by: '' }];
  return [{ start: removal.node.start, end: removal.node.end, by: '{}' }];
}

/** One level of indentation: that of the first key of the document. */
function unitOf(text: string): string {
  return /^\s*\{[ \t]*\r?\n([ \t]+)/.exec(text)?.[1] ?? '  ';
}

function renderAt(text: string, offset: number, value: Json): string {
  const isOneLine = !text.trim().includes('\n') && text.trim() !== '{}';
  return isOneLine ? JSON.stringify(value) : render(value, text, indentAt(text, offset), unitOf(text));
}

function render(value: Json, text: string, indent: string, unit: string): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', lineBreakOf(text) + indent);
}

function insert(text: string, node: Node, key: string, value: Json): Stretch {
  const last = node.members!.at(-1);
  if (!last) return { start: node.start, end: node.end, by: renderAt(text, node.start, nest([key], value)) };
  const previous = node.members!.at(-2);
  const lead = text.slice(node.start + 1, last.start);
  const gap = previous ? text.slice(previous.value.end, last.start) : `,${lead.includes('\n') ? lead : ' '}`;
  const colon = text.slice(stringEnd(text, last.start), last.value.start);
  const rendered = gap.includes('\n') ? render(value, text, indentAt(text, last.start), unitOf(text)) : JSON.stringify(value);
  const offset = last.value.end;
  return { start: offset, end: offset, by: gap + JSON.stringify(key) + colon + rendered };
}

/** Offset after a string that starts at `offset`. */
function stringEnd(text: string, offset: number): number {
  let end = offset + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

/** Where the members of every mapping stand, in a text that `JSON.parse` takes. Iterative in lists, recursive in mappings. */
function scan(text: string): Node {
  const skipSpace = (offset: number): number => {
    while (/\s/.test(text[offset] ?? '')) offset++;
    return offset;
  };
  const skipList = (offset: number): number => {
    let depth = 0;
    do {
      const character = text[offset];
      if (character === '"') offset = stringEnd(text, offset) - 1;
      else if (character === '[' || character === '{') depth++;
      else if (character === ']' || character === '}') depth--;
      offset++;
    } while (depth > 0);
    return offset;
  };
  const scanValue = (start: number): Node => {
    const character = text[start];
    if (character === '"') return { start, end: stringEnd(text, start) };
    if (character === '[') return { start, end: skipList(start) };
    if (character === '{') return scanObject(start);
    let end = start;
    while (end < text.length && !/[\s,\]}]/.test(text[end]!)) end++;
    return { start, end };
  };
  const scanObject = (start: number): Node => {
    const members: Member[] = [];
    const keys = new Set<string>();
    let offset = skipSpace(start + 1);
    while (text[offset] !== '}') {
      const end = stringEnd(text, offset);
      const key = JSON.parse(text.slice(offset, end)) as string;
      if (keys.has(key)) throw new UnreadableText(`the same key twice at ${positionIn(text, offset)}`);
      keys.add(key);
      const value = scanValue(skipSpace(skipSpace(end) + 1));
      members.push({ key, start: offset, value });
      offset = skipSpace(value.end);
      if (text[offset] === ',') offset = skipSpace(offset + 1);
    }
    return { start, end: offset + 1, members };
  };
  return scanValue(skipSpace(0));
}

/** How far the text is valid: `JSON.parse` tells only in words that quote the content. */
function faultOffset(text: string): number {
  const closers: string[] = [];
  // eslint-disable-next-line no-control-regex -- what JSON wants escaped
  const token = /\s*(?:"(?:[^"\\\u0000-\u001f]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[[\]{},:])/y;
  let offset = 0;
  for (;;) {
    token.lastIndex = offset;
    const found = token.exec(text)?.[0];
    if (found === undefined) break;
    const mark = found.trim();
    if (mark === '{') closers.push('}');
    else if (mark === '[') closers.push(']');
    else if ((mark === '}' || mark === ']') && closers.pop() !== mark) break;
    offset += found.length;
  }
  return offset + /^\s*/.exec(text.slice(offset))![0].length;
}
