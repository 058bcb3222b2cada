import type { Plannable } from './desired.ts';
import type { HostReader } from '../host/host.ts';
import { isContentRef, type Catalog, type ContentRef } from '../model/catalog.ts';
import { canonicalJson, isObject } from '../model/json.ts';
import type { Plan, Preview, Step } from '../model/plan.ts';
import type { SourceTree } from '../model/revision.ts';
import type { PolicyText } from '../policy/judge-input.ts';
import { resourceType } from '../resources/registry.ts';

/** Texts above this are not looked into. Bytes. */
const largestText = 1024 * 1024;

/**
 * Every text in which policy looks for banned providers: the repository, what is rendered, and what stays on the host. Of a
 * catalog whose texts were judged before, only the last.
 */
export function* policyTexts(
  { catalog, isJudged }: Plannable,
  files: SourceTree,
  plan: Plan,
  host: HostReader,
  previewsOf: (step: Step) => Iterable<Preview>,
): Generator<PolicyText> {
  if (!isJudged) {
    yield* configTexts(files);
    yield* renderedTexts(catalog);
  }
  for (const step of plan.steps) yield* remainingText(step, host, previewsOf);
}

function* configTexts(files: SourceTree): Generator<PolicyText> {
  for (const directory of ['desired-state', 'inventory', 'roles'])
    for (const { path, size } of files.list(directory)) {
      const text = size > largestText ? undefined : textOf(files.read(path));
      if (text !== undefined) yield { where: 'config', name: path, text };
    }
}

function* renderedTexts({ resources, contents }: Catalog): Generator<PolicyText> {
  for (const { address, desired, kind } of resources) {
    const path = resourceType(kind).watches?.(desired)?.[0];
    const place = { where: 'rendered' as const, name: address, ...(path !== undefined && { path }) };
    yield { ...place, text: canonicalJson(desired) };
    for (const content of contentsIn(desired)) {
      const text = content.size > largestText ? undefined : textOf(contents.read(content));
      if (text !== undefined) yield { ...place, text };
    }
  }
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
  if (shared === undefined || previews.length > 0 || host.stat(shared)?.type !== 'file') return;
  const text = textOf(host.readFile(shared, largestText));
  if (text !== undefined) yield { where: 'live', name: shared, path: shared, text };
}

function* contentsIn(value: unknown): Generator<ContentRef> {
  if (!isObject(value)) return;
  if (isContentRef(value)) yield value;
  else for (const member of Object.values(value)) yield* contentsIn(member);
}

function textOf(bytes: Buffer | undefined): string | undefined {
  return bytes === undefined || bytes.length > largestText || bytes.subarray(0, 8000).includes(0)
    ? undefined
    : bytes.toString('utf8');
}
