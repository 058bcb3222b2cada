import type { KeyPath, LoadedFile } from '../model/located.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';
import { sizeProblem, yamlBounds } from './yaml-bounds.ts';
import { composeYaml } from './yaml-compose.ts';
import { locate, type Located } from './yaml-located.ts';
import type { YamlVersion } from './yaml-scalar.ts';

/** `loaded` is absent when the file cannot be read at all; otherwise it is everything that could be. */
interface ReadYaml {
  readonly loaded?: LoadedFile;
  readonly problems: readonly Problem[];
}

/**
 * Reads one YAML document from bytes of unknown origin. Bounded in size, depth, keys and alias expansion; strict UTF-8;
 * duplicate keys, unknown tags and second documents are problems. `!vault` text becomes `{ __ansible_vault: text }`, `!unsafe`
 * text `{ __ansible_unsafe: text }`. Keys are always text as written. An empty file is null. Never throws.
 *
 * Version 1.1 reads unquoted words as Ansible does (`yes`, `0644`, `1_000`), with aliases and `<<`; 1.2, the default, is
 * for our own documents and knows neither.
 */
export function readYaml(file: string, bytes: Uint8Array, options: { readonly version?: YamlVersion } = {}): ReadYaml {
  const version = options.version ?? '1.2';
  const decoded = decode(file, bytes);
  if (typeof decoded !== 'string') return { problems: [decoded] };
  const { contents, position, problems: syntax } = composeYaml(file, decoded, version);
  if (contents === undefined) return { problems: syntax };

  const problems: Problem[] = [];
  const report = (problem: Problem): void => {
    if (problems.length < yamlBounds.problems) problems.push(problem);
  };
  const root: Located = contents ? locate(contents, version, position, report) : { offset: 0, value: null, size: 1, height: 0 };
  return { loaded: loadedFile(file, root, position), problems };
}

function loadedFile(file: string, root: Located, position: (offset: number) => SourcePosition): LoadedFile {
  const member = (from: Located, step: string | number): { readonly offset: number; readonly node: Located } | undefined => {
    const item = from.items?.[Number(step)];
    return item ? { offset: item.offset, node: item } : from.keys?.get(String(step));
  };
  const walk = (path: KeyPath): { readonly key: number; readonly value: number; readonly node: Located } => {
    let found = { offset: root.offset, node: root };
    for (const step of path) {
      const next = member(found.node, step);
      if (!next) return { key: found.node.offset, value: found.node.offset, node: found.node };
      found = next;
    }
    return { key: found.offset, value: found.node.offset, node: found.node };
  };
  return {
    file,
    value: root.value,
    at: (path) => position(walk(path).value),
    keyAt: (path) => position(walk(path).key),
    keysOf: (path) => [...(walk(path).node.keys?.keys() ?? [])],
    isFloat: root.hasFloat && ((path) => walk(path).node.hasFloat === true),
  };
}

/** What YAML calls non-printable, plus a carriage return without a line feed. */
// eslint-disable-next-line no-control-regex -- these are the characters to refuse
const refusedCharacter = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x84\x86-\x9F\uFFFE\uFFFF]|\r(?!\n)/;

function decode(file: string, bytes: Uint8Array): string | Problem {
  const tooLarge = sizeProblem(file, bytes.byteLength);
  if (tooLarge) return tooLarge;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const at = { file, ...placeOf(new TextDecoder().decode(bytes), (lossy) => lossy.indexOf('\uFFFD')) };
    return { code: 'not-utf8', message: 'bytes that are not UTF-8', at, hint: 'save the file as UTF-8' };
  }
  const { index } = refusedCharacter.exec(text) ?? {};
  if (index === undefined) return text;
  const at = { file, ...placeOf(text, () => index) };
  const character = text.charCodeAt(index);
  if (character === 0) return { code: 'not-utf8', message: 'a NUL character', at };
  if (character === 13) return { code: 'yaml-syntax', message: 'a carriage return without a line feed', at };
  return { code: 'yaml-syntax', message: `the control character U+${character.toString(16).toUpperCase().padStart(4, '0')}`, at };
}

function placeOf(text: string, find: (text: string) => number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, Math.max(0, find(text)));
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: before.length - lineStart + 1 };
}
