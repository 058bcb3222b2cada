import type { Plannable } from './desired.ts';
import type { HostReader } from '../host/host.ts';
import { isContentRef, type Catalog, type CatalogResource, type ContentRef } from '../model/catalog.ts';
import { canonicalJson, isObject } from '../model/json.ts';
import type { Plan, Preview, Step } from '../model/plan.ts';
import type { SourceTree } from '../model/revision.ts';
import type { PolicyText } from '../policy/judge-input.ts';
import { resourceType } from '../resources/registry.ts';
import { sourceDirectories, treeBounds } from '../source/tree-bounds.ts';
import { textsIn } from './texts-in.ts';

/**
 * Every text in which policy looks for banned providers: the repository, what is rendered, and what stays on the host. What was
 * judged before and has not changed is left out.
 */
export function* policyTexts(
  { catalog, changes }: Plannable,
  files: SourceTree,
  plan: Plan,
  host: HostReader,
  previewsOf: (step: Step) => Iterable<Preview>,
): Generator<PolicyText> {
  if (changes) {
    const fresh = new Set(changes.map(({ after }) => after.sha256));
    for (const { path } of changes) yield* configTexts(path, files);
    if (fresh.size > 0) yield* renderedTexts(catalog, ({ sha256 }) => fresh.has(sha256));
  } else {
    for (const directory of sourceDirectories) for (const { path } of files.list(directory)) yield* configTexts(path, files);
    for (const resource of catalog.resources) yield { ...placeOf(resource), text: canonicalJson(resource.desired) };
    yield* renderedTexts(catalog, () => true);
  }
  for (const step of plan.steps) yield* remainingTexts(step, host, previewsOf);
}

function* configTexts(path: string, files: SourceTree): Generator<PolicyText> {
  yield* textsOf(files.read(path), { where: 'config', name: path });
}

function* renderedTexts({ resources, contents }: Catalog, isAsked: (content: ContentRef) => boolean): Generator<PolicyText> {
  for (const resource of resources)
    for (const content of contentsIn(resource.desired))
      if (isAsked(content)) yield* textsOf(contents.read(content), placeOf(resource));
}

function placeOf({ address, kind, desired }: CatalogResource): Omit<PolicyText, 'text'> {
  const path = resourceType(kind).watches?.(desired)?.[0];
  return { where: 'rendered', name: address, ...(path !== undefined && { path }) };
}

/** What is on the host after the run: of a held step as it stands, of a file that others write too with the run's edit. */
function* remainingTexts(step: Step, host: HostReader, previewsOf: (step: Step) => Iterable<Preview>): Generator<PolicyText> {
  const { diff, held, resource } = step;
  const shared = resourceType(resource.kind).sharedFile?.(resource.desired);
  const previews = diff.action === 'none' || (!held && shared === undefined) ? [] : [...previewsOf(step)];
  const standing = (path: string): Buffer | undefined => {
    const stat = host.stat(path);
    return stat?.type === 'file' && stat.size <= treeBounds.largestFile ? host.readFile(path) : undefined;
  };
  for (const { path, before, after } of previews) {
    const stays = Buffer.isBuffer(before) ? before : before && standing(path);
    yield* textsOf(held ? stays : after, { where: 'live', name: path, path });
  }
  if (shared !== undefined && previews.length === 0)
    yield* textsOf(standing(shared), { where: 'live', name: shared, path: shared });
}

export function* contentsIn(value: unknown): Generator<ContentRef> {
  if (!isObject(value)) return;
  if (isContentRef(value)) yield value;
  else for (const member of Object.values(value)) yield* contentsIn(member);
}

function* textsOf(bytes: Buffer | undefined, place: Omit<PolicyText, 'text'>): Generator<PolicyText> {
  for (const part of bytes ? textsIn(bytes) : []) yield { ...place, ...part };
}
