import { isContentRef, type Catalog, type CatalogResource, type ContentRef } from '../model/catalog.ts';
import { digestOf, isObject } from '../model/json.ts';
import type { ContentChange, SourceTree } from '../model/revision.ts';
import { resourceType } from '../resources/registry.ts';
import { contentsAt } from '../state/catalog-cache.ts';

/**
 * The catalog that compiling would give after these changes, where they are of bytes that it only passes on. Undefined where one of
 * them may have gone into it in another way: `reads` are the files that were read to make it. All its kinds are loaded.
 */
export function passOn(
  catalog: Catalog,
  reads: readonly string[],
  changes: readonly ContentChange[],
  sources: SourceTree,
): Catalog | undefined {
  const read = new Set(reads);
  const { files, texts } = catalog.contents.places();
  const isTouched = ({ path, before }: ContentChange): boolean => read.has(path) || Object.hasOwn(texts, before.sha256);
  if (changes.some(isTouched)) return undefined;
  const passed = changes.filter(({ before }) => Object.hasOwn(files, before.sha256));
  if (passed.some(({ path }) => sources.isEncrypted(path))) return undefined;
  const now = new Map(passed.map(({ before, after: { sha256, size } }) => [before.sha256, { sha256, size }]));
  const resources: CatalogResource[] = [];
  for (const resource of catalog.resources) {
    const isMeant = namesAny(resource, now);
    const passedOn = isMeant ? withContents(resource, now) : resource;
    // It holds the digest in a way of its own, or two files have changed places.
    if (isMeant && namesAny(passedOn, now)) return undefined;
    resources.push(passedOn);
  }
  const places = new Map(Object.entries(files));
  for (const { path, before, after } of passed) {
    places.delete(before.sha256);
    places.set(after.sha256, path);
  }
  return { ...catalog, resources, contents: contentsAt({ files: Object.fromEntries(places), texts }, sources) };
}

type Now = ReadonlyMap<string, ContentRef>;

const digestText = /[0-9a-f]{64}/g;

const namesAny = ({ desired }: CatalogResource, now: Now): boolean =>
  now.size > 0 &&
  JSON.stringify(desired)
    .matchAll(digestText)
    .some(([digest]) => now.has(digest));

function withContents(resource: CatalogResource, now: Now): CatalogResource {
  const own = resourceType(resource.kind).withContents;
  const desired = (own ? own(resource.desired, (digest) => now.get(digest)) : replaced(resource.desired, now)) as object;
  return { ...resource, desired, digest: digestOf(desired) };
}

function replaced(value: unknown, now: Now): unknown {
  if (Array.isArray(value)) return value.map((member) => replaced(member, now));
  if (!isObject(value)) return value;
  const content = isContentRef(value) ? now.get(value.sha256) : undefined;
  return content ?? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replaced(member, now)]));
}
