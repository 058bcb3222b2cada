import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Json } from '../../model/json.ts';
import {
  insertLines,
  lineBreakOf,
  lineStart,
  nest,
  nextLine,
  replaceAll,
  type Format,
  type LeafPath,
  type OpenText,
  type Stretch,
} from './format.ts';
import { coreTag, maxBytes, pairOf, parseYaml, treeOf } from './yaml-read.ts';
import { needsLines, renderInline, renderLines, renderMember, type BlockStyle, type Quotes } from './yaml-write.ts';

/**
 * YAML, read by the rules of version 1.1 as PyYAML has them, and written so that 1.1 and 1.2 agree. Edits are made at the
 * offsets of the parsed tokens.
 */
export const yamlFormat: Format = {
  maxBytes,
  open: openYaml,
  fit: (path, value) => [path, value],
};

function openYaml(text: string): OpenText {
  const document = parseYaml(text);
  const style = styleOf(document, text);
  return {
    tree: treeOf(document, text),
    set: (path, value) => setAt(text, document, path, value, style),
    unset(path) {
      let map = document.contents;
      let removal: { readonly map: YAMLMap; readonly pair: Pair } | undefined;
      for (const key of path) {
        const pair = isMap(map) ? pairOf(map, key) : undefined;
        if (!isMap(map) || !pair) return [];
        if (!removal || map.items.length > 1) removal = { map, pair };
        map = pair.value as Node | null;
      }
      return removal ? [removePair(text, removal.map, removal.pair)] : [];
    },
  };
}

function setAt(text: string, document: Document, path: LeafPath, value: Json, style: BlockStyle): readonly Stretch[] {
  let map = document.contents;
  if (map === null || (isScalar(map) && map.source === '')) {
    return [insertLines(text, text.length, renderMember(path[0]!, nest(path.slice(1), value), '', style))];
  }
  for (const [depth, key] of path.entries()) {
    if (!isMap(map)) throw new Error('not a YAML mapping at the top level');
    const rest = path.slice(depth + 1);
    const pair = pairOf(map, key);
    if (!pair) return [{ ...addPair(text, map, key, nest(rest, value), style), depth }];
    const node = pair.value as Node | null;
    if (isAlias(node)) throw new Error(`${key} is an alias of another value`);
    if (rest.length === 0 || !isMap(node)) {
      const tag = tagRemoval(text, pair);
      if (!tag) return replaceValue(text, map, pair, nest(rest, value), style);
      const untagged = text.slice(0, tag.start) + text.slice(tag.end);
      const edited = replaceAll(untagged, openYaml(untagged).set(path, value));
      const start = colonEnd(pair)!;
      const end = lineEnd(text, Math.max(tag.end, contentEnd(text, pair)));
      return [{ start, end, by: edited.slice(start, edited.length - (text.length - end)) }];
    }
    map = node;
  }
  return [];
}

/** Offset after the line on which a value ends; a block text that keeps its line breaks ends with one. */
const lineEnd = (text: string, end: number): number => (text[end - 1] === '\n' ? end : nextLine(text, end));

const isFlow = (node: { readonly flow?: boolean | undefined }): boolean => node.flow === true;
const startOf = (node: unknown): number => (node as Node).range![0];

/** Offset of the key, or of the question mark, the anchor or the tag before it. */
const pairStart = ({ key, srcToken }: Pair): number =>
  srcToken?.start.find(({ type }) => ['explicit-key-ind', 'anchor', 'tag'].includes(type))?.offset ?? startOf(key);

/** Offset after the colon; undefined for a flow key that has none. */
function colonEnd({ srcToken }: Pair): number | undefined {
  const colon = srcToken?.sep?.find(({ type }) => type === 'map-value-ind');
  return colon && colon.offset + 1;
}

const isImplicitNull = (node: unknown): boolean => !node || (isScalar(node) && node.type === 'PLAIN' && node.source === '');

/** Offset after the last character of a pair or value, comments and blank lines after it left out. */
function contentEnd(text: string, pair: Pair): number {
  const { key, value } = pair;
  if (isImplicitNull(value)) return colonEnd(pair) ?? (key as Node).range![1];
  return valueEnd(text, value as Node);
}

function valueEnd(text: string, node: Node): number {
  if (isMap(node) && !isFlow(node)) return contentEnd(text, node.items.at(-1)!);
  if (isSeq(node) && !isFlow(node)) {
    const last = node.items.at(-1);
    const end = isImplicitNull(last) ? undefined : valueEnd(text, last as Node);
    return end ?? text.slice(0, node.range![1]).trimEnd().length;
  }
  const [start, end] = node.range!;
  const isBlockText = isScalar(node) && node.type?.startsWith('BLOCK');
  const keepsBreaks = isBlockText && /^[|>][0-9]*\+/.test(text.slice(start, start + 3));
  return isBlockText && !keepsBreaks ? start + text.slice(start, end).trimEnd().length : end;
}

function styleOf(document: Document, text: string): BlockStyle {
  const root = document.contents;
  const items = isMap(root) && !isFlow(root) ? root.items : [];
  const nested = items.find(({ value }) => isMap(value) && !isFlow(value));
  const list = items.find(({ value }) => isSeq(value) && !isFlow(value));
  const unit = nested && isMap(nested.value) ? columnOf(text, pairStart(nested.value.items[0]!)) : '';
  const isOpen = text !== '' && !text.endsWith('\n');
  return { unit: unit || '  ', dash: list ? columnOf(text, startOf(list.value)) : unit || '  ', isOpen };
}

const columnOf = (text: string, offset: number): string => text.slice(lineStart(text, offset), offset);

function indentOf(text: string, map: YAMLMap): string {
  const indent = columnOf(text, pairStart(map.items[0]!));
  if (indent.trim() !== '') throw new Error('a mapping starts within a line, where no key can be added or removed');
  return indent;
}

function addPair(text: string, map: YAMLMap, key: string, value: Json, style: BlockStyle): Stretch {
  const last = map.items.at(-1);
  if (!isFlow(map)) {
    const lines = renderMember(key, value, indentOf(text, map), style);
    return insertLines(text, lineEnd(text, contentEnd(text, last!)), lines);
  }
  const member = renderInline({ [key]: value }).slice(1, -1);
  if (!last) return insertion(startOf(map) + 1, member);
  return insertion(contentEnd(text, last), `, ${member}`);
}

function replaceValue(text: string, map: YAMLMap, pair: Pair, value: Json, style: BlockStyle): readonly Stretch[] {
  const node = pair.value as Node | null;
  if (isFlow(map) || !needsLines(value)) return replaceInline(text, pair, renderInline(value, quotesOf(node)));
  const indent = indentOf(text, map);
  const isBlock = (isMap(node) || isSeq(node)) && !isFlow(node);
  const dash = isSeq(node) && isBlock ? columnOf(text, startOf(node)) : indent + style.dash;
  const lines = renderLines(value, Array.isArray(value) ? dash : indent + style.unit, style);
  if (isBlock) {
    const start = lineStart(text, startOf(node));
    const end = lineEnd(text, valueEnd(text, node));
    const block = lines.join(lineBreakOf(text));
    return [{ start, end, by: text.slice(start, end).endsWith('\n') ? block + lineBreakOf(text) : block }];
  }
  if (isImplicitNull(node)) return [insertLines(text, lineEnd(text, colonEnd(pair)!), lines)];
  // The old value goes, with the blanks before it, so that the key stands alone.
  const valueStop = valueEnd(text, node!);
  const end = text.startsWith('\n', valueStop - 1) ? valueStop - 1 : valueStop;
  return [{ start: colonEnd(pair)!, end, by: '' }, insertLines(text, nextLine(text, end), lines)];
}

/** What takes away the core tag of a value: the next value may not fit it. */
function tagRemoval(text: string, { value, srcToken }: Pair): Stretch | undefined {
  const tag = srcToken?.sep?.find(({ type }) => type === 'tag');
  if (!tag || !('source' in tag) || coreTag(value as Node) === undefined) return undefined;
  const tagEnd = tag.offset + tag.source.length;
  const end = tagEnd + /^[ \t]*/.exec(text.slice(tagEnd))![0].length;
  const isLast = /^\r?\n|^$/.test(text.slice(end));
  return { start: isLast ? text.slice(0, tag.offset).trimEnd().length : tag.offset, end, by: '' };
}

function quotesOf(node: Node | null): Quotes {
  if (!isScalar(node)) return 'plain';
  if (node.type === 'QUOTE_SINGLE') return 'single';
  return node.type === 'QUOTE_DOUBLE' ? 'double' : 'plain';
}

/** Whether there is nothing but comments, directives and the start of a document, which is an empty one to every reader. */
const isBare = (text: string): boolean => text.split('\n').every((line) => /^(?:%.*|---)?\s*(?:#.*)?$/.test(line));

function replaceInline(text: string, pair: Pair, inline: string): readonly Stretch[] {
  const { key, value } = pair;
  const colon = colonEnd(pair);
  if (colon === undefined) return [insertion((key as Node).range![1], `: ${inline}`)];
  if (isImplicitNull(value)) return [insertion(colon, ` ${inline}`)];
  const node = value as Node;
  const end = valueEnd(text, node);
  if (!(isMap(node) || isSeq(node)) || isFlow(node)) {
    const isClosed = text.startsWith('\n', end - 1) && isScalar(node);
    return [{ start: startOf(node), end, by: isClosed ? inline + lineBreakOf(text) : inline }];
  }
  return [insertion(colon, ` ${inline}`), { start: lineStart(text, startOf(node)), end: lineEnd(text, end), by: '' }];
}

function removePair(text: string, map: YAMLMap, pair: Pair): Stretch {
  const start = pairStart(pair);
  if (!isFlow(map)) {
    if (columnOf(text, start).trim() !== '')
      throw new Error('a mapping starts within a line, where no key can be added or removed');
    const lines = { start: lineStart(text, start), end: lineEnd(text, contentEnd(text, pair)), by: '' };
    if (map.items.length > 1 || isBare(replaceAll(text, [lines]))) return lines;
    return { ...lines, by: lines.end === text.length && !text.endsWith('\n') ? '{}' : `{}${lineBreakOf(text)}` };
  }
  const index = map.items.indexOf(pair);
  const next = map.items[index + 1];
  const previous = map.items[index - 1];
  if (next) return { start, end: pairStart(next), by: '' };
  if (previous) return { start: contentEnd(text, previous), end: contentEnd(text, pair), by: '' };
  return { start: startOf(map), end: map.range![1], by: '{}' };
}

const insertion = (offset: number, by: string): Stretch => ({ start: offset, end: offset, by });
