import type { Plannable } from './desired.ts';
import type { HostReader } from './host/host.ts';
import type { Catalog, ContentRef } from './model/catalog.ts';
import { canonicalJson, isObject } from './model/json.ts';
import type { Plan, Preview, Step } from './model/plan.ts';
import type { SourceTree } from './model/revision.ts';
import type { PolicyText } from './policy/judge-input.ts';
import { resourceType } from './resources/registry.ts';

/** Texts above this are not looked into. Bytes. */
const largestText = 1024 * 1024;
/** The file that lists the bans may name them. */
const policyFile = 'desired-state/policy.yaml';

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
      const text = path === policyFile || size > largestText ? undefined : textOf(files.read(path));
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

/** A file that others write too is judged as it will be after the run. */
function* remainingText(step: Step, host: HostReader, previewsOf: (step: Step) => Iterable<Preview>): Generator<PolicyText> {
  const path = resourceType(step.resource.kind).sharedFile?.(step.resource.desired);
  if (path === undefined || host.stat(path)?.type !== 'file') return;
  const preview = step.diff.action === 'none' ? undefined : [...previewsOf(step)].find((each) => each.path === path);
  const text = textOf(preview ? preview.after : host.readFile(path, largestText));
  if (text !== undefined) yield { where: 'live', name: path, path, text };
}

function* contentsIn(value: unknown): Generator<ContentRef> {
  if (!isObject(value)) return;
  if (typeof value['sha256'] === 'string' && typeof value['size'] === 'number') yield value as unknown as ContentRef;
  else for (const member of Object.values(value)) yield* contentsIn(member);
}

function textOf(bytes: Buffer | undefined): string | undefined {
  return bytes === undefined || bytes.length > largestText || bytes.subarray(0, 8000).includes(0)
    ? undefined
    : bytes.toString('utf8');
}
