import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type Scalar,
  type Tags,
  type YAMLMap,
} from 'yaml';
import type { Json, JsonObject } from '../../model/json.ts';
import { maxDepth, mebibyte, positionIn, UnreadableText } from './format.ts';

/** The parser needs up to a few hundred times the size of its text. */
export const maxBytes = mebibyte / 4;
const maxNodes = 200_000;
const maxOpen = 1000;

/** What PyYAML and every other YAML 1.1 reader take for a number; the library takes more. */
const number11 = new RegExp(
  '^(?:[-+]?0b[01_]+|[-+]?0[0-7_]*|[-+]?[1-9][0-9_]*|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+' +
    '|[-+]?[0-9][0-9_]*\\.[0-9_]*(?:[eE][-+][0-9]+)?|\\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?' +
    '|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN))$',
);

/** A zero for PyYAML, which the library cannot convert. */
const zero11 = /^[-+]?0_+$/;

/** Parses one YAML 1.1 document with the offsets of its tokens. Errors name positions only: the library quotes content. */
export function parseYaml(text: string): Document {
  assertFlat(text);
  const document = parseDocument(text, {
    version: '1.1',
    keepSourceTokens: true,
    prettyErrors: false,
    uniqueKeys: false,
    intAsBigInt: true,
    logLevel: 'error',
  });
  const [error] = document.errors.filter(({ code, pos }) => code !== 'TAG_RESOLVE_FAILED' || !zero11.test(text.slice(...pos)));
  if (error?.code === 'MULTIPLE_DOCS') throw new UnreadableText('more than one YAML document in the file');
  if (error) throw new UnreadableText(`not valid YAML at ${positionIn(text, error.pos[0])}`);
  return document;
}

/**
 * The documents of a YAML or JSON text, for looking into what others will read: of equal keys the last one counts, whatever can
 * be made of a text with faults is taken, and what is merged into a mapping stands under its `<<`. Undefined where the text is
 * too large or too deeply nested to tell.
 */
export function readLoosely(text: string): readonly unknown[] | undefined {
  if (Buffer.byteLength(text) > maxBytes) return undefined;
  try {
    const options = { version: '1.1', uniqueKeys: false, logLevel: 'silent', prettyErrors: false, customTags: unmerged } as const;
    // Aliases share what they stand for, so that no number of them is too large. Merged members would be copied.
    return [...parseAllDocuments(text, options)].map((document): unknown => document.toJS({ maxAliasCount: -1 }));
  } catch {
    return undefined;
  }
}

const unmerged = (tags: Tags): Tags => tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:merge');

/** A bound on nesting in flow collections, before the parser recurses. Quotes are not looked at: such texts are rare. */
function assertFlat(text: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) depth++;
    else if ((code === 0x5d || code === 0x7d) && depth > 0) depth--;
    if (depth > maxOpen) throw new UnreadableText(`nested deeper than ${maxDepth} levels`);
  }
}

/** The name of a core tag that a node has explicitly: `int` of `!!int`. */
export function coreTag(node: Node): string | undefined {
  const core = 'tag:yaml.org,2002:';
  return node.tag?.startsWith(core) ? node.tag.slice(core.length) : undefined;
}

/** The pair of a key in a mapping, by the text of the key; merged keys are not found. */
export const pairOf = (map: YAMLMap, key: string): Pair | undefined =>
  map.items.find((pair) => !isMergeKey(pair) && keyText(pair) === key);

/** The document as PyYAML would give it, merge keys resolved. */
export function treeOf(document: Document, text: string): JsonObject {
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return {};
  if (!isMap(root) || isOther(root)) throw new UnreadableText('not a YAML mapping at the top level');
  return mappingOf(root, { targets: targetsIn(document), text, nodes: 0 }, 0);
}

interface Reading {
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly text: string;
  /** Counted with aliases followed, so that an alias bomb ends early. */
  nodes: number;
}

/** What each alias stands for. The library's own way walks the whole document for every alias. */
function targetsIn(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target) targets.set(node, target);
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function mappingOf(map: YAMLMap, reading: Reading, depth: number): JsonObject {
  const own = new Map<string, Json>();
  const merged = new Map<string, Json>();
  for (const pair of map.items) {
    if (isMergeKey(pair)) {
      // Of several merge keys the last one counts, of the mappings in its list the first.
      for (const [key, value] of mergedBy(pair, reading, depth).toReversed()) merged.set(key, value);
      continue;
    }
    const key = keyText(pair);
    if (key === undefined) throw new UnreadableText(`a key that is not a text at ${positionIn(reading.text, offsetOf(pair))}`);
    if (own.has(key)) throw new UnreadableText(`the same key twice at ${positionIn(reading.text, offsetOf(pair))}`);
    own.set(key, valueOf(pair.value, reading, depth + 1));
  }
  for (const [key, value] of merged) if (!own.has(key)) own.set(key, value);
  return Object.fromEntries(own);
}

function mergedBy(pair: Pair, reading: Reading, depth: number): readonly (readonly [string, Json])[] {
  const sources = isSeq(pair.value) ? pair.value.items : [pair.value];
  return sources.flatMap((source) => {
    const map = isAlias(source) ? reading.targets.get(source) : source;
    if (!isMap(map)) throw new UnreadableText(`a merge key without a mapping at ${positionIn(reading.text, offsetOf(pair))}`);
    return Object.entries(mappingOf(map, reading, depth + 1));
  });
}

function valueOf(node: unknown, reading: Reading, depth: number): Json {
  if (++reading.nodes > maxNodes) throw new UnreadableText(`more than ${maxNodes} values, aliases followed`);
  if (depth > maxDepth) throw new UnreadableText(`nested deeper than ${maxDepth} levels`);
  if (isAlias(node)) return valueOf(reading.targets.get(node), reading, depth + 1);
  if (isMap(node)) {
    const mapping = mappingOf(node, reading, depth);
    return tagged(node, 'map', mapping);
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => valueOf(isPair(item) ? item.value : item, reading, depth + 1));
    return tagged(node, 'seq', items);
  }
  return isScalar(node) ? scalarOf(node) : null;
}

/** Whether a tag makes something else of a mapping, such as `!!set`, or nothing that can be loaded. */
const isOther = (map: Node): boolean => (coreTag(map) ?? 'map') !== 'map';

/** A mapping or list, or a text that no value equals where a tag, the program's own too, makes something else of it. */
function tagged(node: Node, own: 'map' | 'seq', value: Json): Json {
  if (node.tag === undefined || coreTag(node) === own) return value;
  return `${coreTag(node) === undefined ? node.tag : `!!${coreTag(node)}`} ${JSON.stringify(value)}`;
}

/** What readers disagree about, and what its tag cannot hold, equals no value that can be wanted. */
function scalarOf(node: Scalar): Json {
  const { value, source = '', tag } = node;
  const name = coreTag(node);
  if (tag !== undefined && name === undefined) return `${tag} ${String(value)}`;
  if (name !== undefined && name !== 'str' && typeof value === 'string') return `!!${name} ${value}`;
  const isPlain = node.type === 'PLAIN' && tag === undefined;
  const isNumber = typeof value === 'bigint' || (typeof value === 'number' && isPlain);
  const isBooleanToSome = typeof value === 'boolean' && source.length === 1;
  const isNumberToSome = isNumber ? !number11.test(source) : isPlain && (zero11.test(source) || /^0o[0-7]+$/.test(source));
  if (isNumberToSome || isBooleanToSome) return `!!ambiguous ${source}`;
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : `!!int ${value}`;
  if (typeof value === 'number') return Number.isFinite(value) ? value : `!!float ${value}`;
  if (value instanceof Date) return `!!timestamp ${source}`;
  if (value instanceof Uint8Array) return `!!binary ${Buffer.from(value).toString('base64')}`;
  return typeof value === 'boolean' ? value : String(value);
}

const isMergeKey = ({ key }: Pair): boolean => isScalar(key) && key.type === 'PLAIN' && key.source === '<<';

/** Keys are texts: `on` and `0644` name themselves, whatever a YAML version makes of them. */
function keyText({ key }: Pair): string | undefined {
  if (!isScalar(key) || (key.type === 'PLAIN' && key.source === '')) return undefined;
  return key.type === 'PLAIN' ? key.source : String(key.value);
}

const offsetOf = ({ key }: Pair): number => (key as Node | null)?.range?.[0] ?? 0;
