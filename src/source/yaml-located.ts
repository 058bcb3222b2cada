import { isAlias, isMap, isScalar, isSeq, type Alias, type ParsedNode, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { cut } from '../model/cut.ts';
import type { Json } from '../model/json.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';
import { yamlBounds } from './yaml-bounds.ts';
import { isFloatText, scalarValue, type YamlVersion } from './yaml-scalar.ts';

/** A value with its place in the text, and those of its members. Aliased values are shared, not copied. */
export interface Located {
  readonly offset: number;
  readonly value: Json;
  /** Values in it, itself included, aliases counted every time. */
  readonly size: number;
  readonly height: number;
  /** It is a whole number that is written as a float, or holds one. */
  readonly hasFloat?: true;
  readonly keys?: ReadonlyMap<string, LocatedKey>;
  readonly items?: readonly Located[];
}

interface LocatedKey {
  readonly offset: number;
  readonly node: Located;
}

/** Turns composed nodes into plain JSON with places. Wrong parts are reported and become null; never throws. */
export function locate(
  contents: ParsedNode,
  version: YamlVersion,
  position: (offset: number) => SourcePosition,
  report: (problem: Problem) => void,
): Located {
  const anchors = new Map<string, Located>();
  let mergedKeys = 0;
  const fail = (code: Problem['code'], message: string, offset: number, more: Partial<Problem> = {}): void =>
    report({ code, message, at: position(offset), ...more });

  function node(from: ParsedNode | null, fallback: number): Located {
    if (from === null) return leaf(null, fallback);
    if (isAlias(from)) return alias(from);
    const located = isMap(from) ? mapping(from) : isSeq(from) ? sequence(from) : scalar(from);
    if (from.anchor) anchors.set(from.anchor, located);
    return located;
  }

  function alias(from: Alias.Parsed): Located {
    const offset = from.range[0];
    if (version === '1.2') {
      fail('yaml-syntax', `aliases ("*${from.source}") are not used here`, offset, {
        hint: 'write the value out, or use a variable',
      });
      return leaf(null, offset);
    }
    const target = anchors.get(from.source);
    if (!target) fail('yaml-syntax', `the alias "*${from.source}" has no anchor before it`, offset);
    return target ?? leaf(null, offset);
  }

  function scalar(from: Scalar.Parsed): Located {
    const offset = from.range[0];
    const text = String(from.value);
    const tag = from.tag;
    if (tag === '!vault' || tag === '!vault-encrypted') return leaf({ __ansible_vault: text }, offset);
    if (tag === '!unsafe') return leaf({ __ansible_unsafe: text }, offset);
    if (tag === '!' || tag === core('str')) return leaf(text, offset);
    if (tag !== undefined && !['null', 'bool', 'int', 'float'].some((name) => tag === core(name))) {
      fail('yaml-syntax', `unknown tag "${cut(tag, 60)}"`, offset, { hint: 'expected none, or one of !vault, !unsafe, !!str' });
      return leaf(text, offset);
    }
    if (tag === undefined && from.type !== 'PLAIN') return leaf(text, offset);
    const value = scalarValue(text, version);
    if (typeof value !== 'object' || value === null) {
      const isFloat = Number.isInteger(value) && isFloatText(text);
      return { ...leaf(value, offset), ...(isFloat && { hasFloat: true as const }) };
    }
    fail('wrong-type', `"${cut(text, 60)}" ${value.refused}`, offset);
    return leaf(text, offset);
  }

  function sequence(from: YAMLSeq.Parsed): Located {
    refuseTag(from.tag, core('seq'), from.range[0]);
    const items = from.items.map((item) => node(item, from.range[0]));
    return collection({ offset: from.range[0], value: items.map(({ value }) => value), items }, items);
  }

  function mapping(from: YAMLMap.Parsed): Located {
    refuseTag(from.tag, core('map'), from.range[0]);
    const own = new Map<string, LocatedKey>();
    const merged = new Map<string, LocatedKey>();
    for (const { key, value } of from.items) {
      const offset = key.range[0];
      const name = keyText(key);
      const member = node(value, offset);
      const isMerge = version === '1.1' && name === '<<' && isScalar(key) && key.type === 'PLAIN';
      const first = name === undefined ? undefined : own.get(name);
      if (name === undefined) wrongKey(key, offset);
      else if (name === '__proto__') fail('unknown-key', 'the key "__proto__" is reserved', offset);
      else if (isMerge) merge(member, merged, offset);
      else if (first) duplicate(name, first.offset, offset);
      else own.set(name, { offset, node: member });
    }
    const keys = merged.size === 0 ? own : new Map([...merged, ...own]);
    const members = [...keys].map(([name, { node: member }]) => [name, member.value] as const);
    const value = Object.fromEntries(members);
    return collection(
      { offset: from.range[0], value, keys },
      [...keys.values()].map((member) => member.node),
    );
  }

  function wrongKey(key: ParsedNode, offset: number): void {
    const hint = isMap(key) ? { hint: 'write a value that begins with "{{" in quotes' } : {};
    fail('wrong-type', `a key that is a ${isMap(key) ? 'mapping' : 'list'}; expected a word`, offset, hint);
  }

  function duplicate(name: string, first: number, offset: number): void {
    const { line } = position(first);
    fail('duplicate-key', `the key "${cut(name, 60)}" stands here a second time, first on line ${line}`, offset, {
      related: [position(first)],
    });
  }

  /**
   * `<<`: earlier sources of a list win over later ones, a later `<<` over an earlier one, the mapping's own keys over all. The
   * order of keys is that of PyYAML, too.
   */
  function merge(source: Located, merged: Map<string, LocatedKey>, offset: number): void {
    const sources = source.items ?? [source];
    for (const { keys } of sources.toReversed()) {
      if (!keys) return fail('wrong-type', '"<<" merges something that is not a mapping', offset);
      mergedKeys += keys.size;
      if (mergedKeys > yamlBounds.merged) return fail('too-large', `more than ${yamlBounds.merged} keys merged by "<<"`, offset);
      for (const [name, member] of keys) merged.set(name, member);
    }
  }

  function keyText(key: ParsedNode): string | undefined {
    if (isScalar(key)) return key.tag?.startsWith('!') && key.tag !== '!' ? undefined : String(key.value);
    const target = isAlias(key) ? alias(key) : undefined;
    return target && !target.keys && !target.items && typeof target.value !== 'object' ? String(target.value) : undefined;
  }

  function refuseTag(tag: string | undefined, expected: string, offset: number): void {
    if (tag !== undefined && tag !== expected && tag !== '!') {
      fail('yaml-syntax', `unknown tag "${cut(tag, 60)}" on a ${expected === core('seq') ? 'list' : 'mapping'}`, offset);
    }
  }

  function collection(from: Pick<Located, 'offset' | 'value' | 'keys' | 'items'>, members: readonly Located[]): Located {
    const height = 1 + members.reduce((most, member) => Math.max(most, member.height), 0);
    const size = 1 + members.reduce((sum, member) => sum + member.size, 0);
    const whole = { ...from, size, height, ...(members.some((member) => member.hasFloat) && { hasFloat: true as const }) };
    if (height <= yamlBounds.depth && size <= yamlBounds.values) return whole;
    const bound =
      height > yamlBounds.depth ? `nested deeper than ${yamlBounds.depth} levels` : `more than ${yamlBounds.values} values`;
    fail('too-large', `${bound}, aliases resolved`, from.offset);
    return leaf(null, from.offset);
  }

  return node(contents, 0);
}

const leaf = (value: Json, offset: number): Located => ({ offset, value, size: 1, height: 0 });
const core = (name: string): string => `tag:yaml.org,2002:${name}`;
