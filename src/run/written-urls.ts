import type { Catalog } from '../model/catalog.ts';
import { isObject } from '../model/json.ts';
import { holdsSecret } from '../model/secret.ts';
import { nest, parsePath } from '../resources/formats/format.ts';
import { readAssignments } from '../resources/formats/dotenv.ts';
import { readLoosely } from '../resources/formats/yaml-read.ts';
import { plainOf } from '../resources/leaf-value.ts';
import { resourceType } from '../resources/registry.ts';
import type { WrittenUrl } from '../policy/judge-input.ts';
import type { Plannable } from './desired.ts';
import { contentsIn } from './policy-texts.ts';

/** Keys at the top by which Hermes' config.yaml and a cascade's providers.yaml are told from other files. */
const providerKeys = ['model', 'fallback_providers', 'fallback_model', 'providers', 'custom_providers'];
/** Further keys at the top of Hermes' config.yaml below which it reads base URLs. */
const otherKeys = ['auxiliary', 'delegation'];
/** Variables of Hermes' environment, which its .env and the keys at the top of its config.yaml become. */
const urlVariable = /_BASE_URL$/;
/** What stands in every text that has such a key, and one with a URL; a key may also be written with escapes. */
const providerKey = /\b(?:model|fallback_model|(?:fallback_|custom_)?providers)\b/;
const urlKey = /\b(?:base_url|url|api)\b/;
/** How a YAML or JSON mapping begins, behind comments: with what may stand before its first key, or with that key. */
const firstLine = /(?<=^|[\n\r\u0085\u2028\u2029])[ \t\uFEFF]*[^\s\u0085#\uFEFF]/;
const beginsMapping =
  /^\s*(?:[&!][^\s\u0085]*(?:[ \t]+|$|(?=[\n\r\u0085])))*(?:$|[\n\r\u0085]|---|[%{?]|[^\n\r\u0085]{1,1024}?:(?:[\s\u0085]|$))/;
const escapedKey = /"[^"\n]*\\[xuU][^"\n]*"\s*:|\?\s+"/;

interface JudgedParts extends Pick<Plannable, 'changes'> {
  readonly catalog: Pick<Catalog, 'resources' | 'contents'>;
}

/**
 * Every base URL of a language model that the catalog writes otherwise than as a provider chain: into keys of files that others
 * also write, in environment files, and in contents with the keys of such a file, or what may be one. Contents that were judged
 * before and have not changed are left out.
 */
export function* writtenUrls({ catalog, changes }: JudgedParts): Generator<WrittenUrl> {
  const fresh = changes && new Set(changes.map(({ after }) => after.sha256));
  for (const { address, kind, desired, sensitive, origin } of catalog.resources) {
    const { keys, contents, owns, watches } = resourceType(kind);
    for (const [leaf, value] of Object.entries(keys?.(desired) ?? {})) {
      const path = parsePath(leaf);
      if (!isOfProviders(path)) continue;
      const plain = plainOf(value, (secret) => secret.value());
      for (const url of new Set(urlsIn(nest(path, plain)))) yield { address, at: origin.at, url, isHidden: holdsSecret(value) };
    }
    const paths = (contents ? owns : watches)?.(desired) ?? [];
    for (const [index, content] of [...(contents?.(desired) ?? contentsIn(desired))].entries()) {
      if (fresh?.has(content.sha256) === false) continue;
      const bytes = catalog.contents.read(content);
      for (const url of paths[index]?.endsWith('.env') ? urlsInVariables(bytes) : urlsInText(bytes))
        yield { address, at: origin.at, url, isHidden: sensitive || content.sensitive === true };
    }
  }
}

const isOfProviders = ([top = '', ...below]: readonly string[]): boolean =>
  providerKeys.includes(top) || otherKeys.includes(top) || (below.length === 0 && urlVariable.test(top));

const urlsInVariables = (bytes: Buffer): ReadonlySet<string> =>
  new Set(urlsIn(Object.fromEntries(readAssignments(bytes.toString('utf8').replaceAll('\0', '')))));

function urlsInText(bytes: Buffer): ReadonlySet<string | undefined> {
  // No reader of YAML takes a NUL.
  if (bytes.subarray(0, 8000).includes(0)) return new Set();
  const text = bytes.toString('utf8');
  const isAsked = (providerKey.test(text) && urlKey.test(text)) || escapedKey.test(text);
  const trees = isAsked ? readLoosely(text) : [];
  if (trees === undefined) return new Set(mayBeMapping(text) ? [undefined] : []);
  const ofProviders = trees.filter((tree) => providerKeys.some((key) => valuesAt(tree, key).length > 0));
  return new Set(ofProviders.flatMap((tree) => [...urlsIn(tree)]));
}

/** Whether a text that was not parsed can be one with keys at the top: scripts, markup and prose are not. */
function mayBeMapping(text: string): boolean {
  const { index } = firstLine.exec(text) ?? {};
  return index !== undefined && beginsMapping.test(text.slice(index, index + 2048));
}

/**
 * Under `base_url` anywhere, under `url` and `api` of the entries of `providers`, and in variables at the top. In a list of
 * providers only entries with a name count.
 */
function* urlsIn(tree: unknown): Generator<string> {
  for (const mapping of mergedIn(tree))
    for (const [key, value] of Object.entries(mapping)) if (urlVariable.test(key) && isUrl(value)) yield value;
  for (const entry of valuesAt(tree, 'providers').flatMap(entriesOf)) {
    for (const url of valuesAt(entry, 'url')) if (isUrl(url)) yield url;
    for (const api of valuesAt(entry, 'api')) if (typeof api === 'string' && URL.canParse(api)) yield api;
  }
  const open: unknown[] = [tree];
  const seen = new Set<unknown>();
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    for (const [key, member] of Object.entries(value)) {
      if (key === 'base_url' && isUrl(member)) yield member;
      else open.push(member ?? null);
    }
  }
}

/** No path on the server that an application is at, such as `/ui`. */
const isUrl = (value: unknown): value is string => typeof value === 'string' && value !== '' && !/^\/(?![/\\])/.test(value);

/** What a mapping has under a key, with what those have that are merged into it: in doubt all of it is judged. */
const valuesAt = (tree: unknown, key: string): readonly unknown[] =>
  mergedIn(tree).flatMap((mapping) => (Object.hasOwn(mapping, key) ? [mapping[key]] : []));

const entriesOf = (list: unknown): readonly unknown[] =>
  Array.isArray(list)
    ? list.filter((entry) => valuesAt(entry, 'name').length > 0)
    : mergedIn(list).flatMap((mapping) => Object.values(mapping));

/** A mapping and all that are merged into it, each once. */
function mergedIn(tree: unknown): readonly { readonly [key: string]: unknown }[] {
  const found = new Set<{ readonly [key: string]: unknown }>();
  const open: unknown[] = [tree];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (!isObject(value) || found.has(value)) continue;
    found.add(value);
    const merged = Object.hasOwn(value, '<<') ? value['<<'] : null;
    open.push(...(Array.isArray(merged) ? (merged as unknown[]) : [merged]).map((one) => one ?? null));
  }
  return [...found];
}
