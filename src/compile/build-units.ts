import type { Address } from '../model/catalog.ts';
import { findResourceType, kindNames } from '../resources/registry.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import type { Unit } from './assign-roles.ts';
import { buildResource, checkInstance, type Draft } from './build-resource.ts';
import type { Compilation } from './compilation.ts';
import { expandResource, type Instance } from './expand-resource.ts';
import { familiarWords } from './familiar-words.ts';
import type { Absent } from './link-resources.ts';
import { listFilesOf } from './prepare-context.ts';

const mostResources = 10_000;

interface Built extends Absent {
  /** In declared order, each address once. */
  readonly drafts: readonly Draft[];
}

/** Builds every resource that the units declare, for each item of its `for_each`. */
export function buildUnits(units: readonly Unit[], compilation: Compilation): Built {
  const { request, report } = compilation;
  const listFiles = listFilesOf(compilation);
  const drafts = new Map<Address, Draft>();
  const skipped = new Set<Address>();
  const unknown = new Set<string>();
  const built = (): Built => ({ drafts: [...drafts.values()], skipped, unknown });

  const skip = (instance: Instance, type: AnyResourceType): void => {
    const { checked } = checkInstance(instance, type, compilation);
    if (checked) skipped.add(`${type.kind}[${type.identify(checked.attributes)}]`);
    else unknown.add(type.kind);
  };
  const build = (instance: Instance, type: AnyResourceType): void => {
    const draft = buildResource(instance, type, compilation, listFiles);
    const first = draft && drafts.get(draft.resource.address);
    if (!draft) unknown.add(type.kind);
    else if (first) reportDuplicate(first, draft, compilation);
    else drafts.set(draft.resource.address, draft);
  };

  const declared = units.flatMap((unit) => unit.resources.map((document, index) => ({ unit, document, index })));
  let count = 0;
  for (const { unit, document, index } of declared) {
    const { kind } = document;
    if (request.only?.includes(kind) === false) continue;
    const type = findResourceType(kind);
    if (!type) {
      reportKind(unit, index, kind, compilation);
      unknown.add(kind);
      continue;
    }
    const { instances, hasFailed } = expandResource(unit, document, index, compilation);
    if (hasFailed) unknown.add(kind);
    for (const instance of instances) {
      if (instance.isSkipped) {
        skip(instance, type);
        continue;
      }
      if (++count > mostResources) {
        report({ code: 'too-large', message: `more than ${mostResources} resources for one host` });
        return built();
      }
      build(instance, type);
    }
  }
  return built();
}

function reportKind({ source, path }: Unit, index: number, kind: string, { report }: Compilation): void {
  const hint = familiarWords.kind(kind, kindNames) ?? `known kinds: ${kindNames.join(', ')}`;
  report({ code: 'unknown-kind', message: `no kind "${kind}"`, at: source.at([...path, index, 'kind']), hint });
}

function reportDuplicate({ resource: first }: Draft, { resource: second, instance }: Draft, { report }: Compilation): void {
  const hint = instance.document.for_each === undefined ? 'leave one of them out' : 'two items of "for_each" give the same name';
  const message = `${second.address} is declared twice`;
  report({
    code: 'duplicate-resource',
    message,
    at: second.origin.at,
    related: [first.origin.at],
    address: second.address,
    hint,
  });
}
