import type { Plannable } from './desired.ts';
import type { HostReader } from '../host/host.ts';
import { isContentRef, type Catalog, type CatalogResource, type ContentRef, type Contents } from '../model/catalog.ts';
import { canonicalJson, isObject } from '../model/json.ts';
import { largestPreview, type Plan, type Preview, type Step } from '../model/plan.ts';
import type { SourceTree } from '../model/revision.ts';
import type { PolicyText } from '../policy/judge-input.ts';
import { resourceType } from '../resources/registry.ts';
import { standingContent } from '../resources/standing-content.ts';
import { sourceDirectories } from '../source/tree-bounds.ts';

/** Texts above this are not looked into. Bytes. */
const largestText = largestPreview;

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
    for (const { path, after } of changes) yield* configText(path, after.size, files);
    if (fresh.size > 0) yield* renderedTexts(catalog, ({ sha256 }) => fresh.has(sha256));
  } else {
    for (const directory of sourceDirectories)
      for (const { path, size } of files.list(directory)) yield* configText(path, size, files);
    for (const resource of catalog.resources) yield { ...placeOf(resource), text: canonicalJson(resource.desired) };
    yield* renderedTexts(catalog, () => true);
  }
  for (const step of plan.steps) yield* remainingText(step, host, previewsOf);
}

function* configText(path: string, size: number, files: SourceTree): Generator<PolicyText> {
  const text = size > largestText ? undefined : textOf(files.read(path));
  if (text !== undefined) yield { where: 'config', name: path, text };
}

function* renderedTexts({ resources, contents }: Catalog, isAsked: (content: ContentRef) => boolean): Generator<PolicyText> {
  for (const resource of resources)
    for (const content of contentsIn(resource.desired)) {
      const text = isAsked(content) ? readContent(content, contents) : undefined;
      if (text !== undefined) yield { ...placeOf(resource), text };
    }
}

/** Undefined for what is no text, or larger than is looked into. */
export const readContent = (content: ContentRef, contents: Contents, largest = largestText): string | undefined =>
  content.size > largest ? undefined : textOf(contents.read(content), largest);

function placeOf({ address, kind, desired }: CatalogResource): Omit<PolicyText, 'text'> {
  const path = resourceType(kind).watches?.(desired)?.[0];
  return { where: 'rendered', name: address, ...(path !== undefined && { path }) };
}

/** What is on the host after the run: of a held step as it stands, of a file that others write too with the run's edit. */
function* remainingText(step: Step, host: HostReader, previewsOf: (step: Step) => Iterable<Preview>): Generator<PolicyText> {
  const { diff, held, resource } = step;
  const shared = resourceType(resource.kind).sharedFile?.(resource.desired);
  const previews = diff.action === 'none' || (!held && shared === undefined) ? [] : [...previewsOf(step)];
  for (const { path, before, after } of previews) {
    const text = textOf(held ? before : after);
    if (text !== undefined) yield { where: 'live', name: path, path, text };
  }
  if (shared === undefined || previews.length > 0) return;
  const text = textOf(standingContent(shared, host));
  if (text !== undefined) yield { where: 'live', name: shared, path: shared, text };
}

export function* contentsIn(value: unknown): Generator<ContentRef> {
  if (!isObject(value)) return;
  if (isContentRef(value)) yield value;
  else for (const member of Object.values(value)) yield* contentsIn(member);
}

function textOf(bytes: Preview['before'], largest = largestText): string | undefined {
  return !Buffer.isBuffer(bytes) || bytes.length > largest || bytes.subarray(0, 8000).includes(0)
    ? undefined
    : bytes.toString('utf8');
}
