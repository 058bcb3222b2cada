import type { Inventory } from '../inventory/inventory.ts';
import type { Catalog } from '../model/catalog.ts';
import { healthCheck } from '../model/document.ts';
import type { Documents } from '../model/documents.ts';
import { canonicalJson } from '../model/json.ts';
import type { Problem } from '../model/problem.ts';
import { findResourceType, kindNames } from '../resources/registry.ts';
import { familiarWords } from './familiar-words.ts';
import { assignRoles, type Unit } from './assign-roles.ts';
import { buildResource, checkInstance, type Draft } from './build-resource.ts';
import { checkAttributes } from './check-attributes.ts';
import type { Compilation, CompileRequest } from './compilation.ts';
import { createContents } from './contents.ts';
import { expandResource } from './expand-resource.ts';
import { hostScope, overlay } from './host-scope.ts';
import { linkResources } from './link-resources.ts';
import { listFilesOf, readTemplate } from './prepare-context.ts';
import { renderCondition, renderWritten } from './render.ts';
import { createTemplateEngine } from './template-engine.ts';

export type { CompileRequest } from './compilation.ts';

const mostResources = 10_000;
const mostProblems = 500;
/** Milliseconds for the JSON Schemas of all roles together. */
const longestSchemas = 5_000;

/**
 * Documents → Catalog: everything that one host should be. Pure, and never throws on what users wrote: a resource with a
 * problem is left out, so that one compile reports all of them. A catalog with problems must not be applied. The kinds that the
 * documents name were loaded before.
 */
export function compile(documents: Documents, inventory: Inventory, request: CompileRequest): Catalog {
  const problems = new Map<string, Problem>();
  const contents = createContents(documents.files);
  const engine = createTemplateEngine({
    secrets: request.secrets,
    readTemplate: (path) => readTemplate(path, documents.files),
  });
  // Nobody knows which variables stand in a file that cannot be read or decrypted.
  let mayBeHidden = documents.inventory.problems.length > 0;
  const report = (problem: Problem): void => {
    if (mayBeHidden && problem.code === 'undefined-variable') return;
    if (problems.size < mostProblems) problems.set(canonicalJson([problem.at, problem.code, problem.message]), problem);
  };
  const reportFile = (problem: Problem): void => {
    mayBeHidden ||= problem.code === 'secret-unreadable';
    report(problem);
  };
  const compilation: Compilation = {
    documents,
    inventory,
    request,
    engine,
    contents,
    schemaTime: { left: longestSchemas },
    scope: hostScope(inventory, request, engine, reportFile),
    report,
  };
  const units = assignRoles(compilation);
  const { drafts, skipped, unknown } = buildUnits(units, compilation);
  const resources =
    request.only === undefined
      ? linkResources(drafts, units, { skipped, unknown }, compilation)
      : drafts.map(({ resource }) => resource);
  const observes = request.observe === true ? 'all' : whatObserves(units);
  const health = request.only === undefined ? units.flatMap((unit) => healthOf(unit, compilation)) : [];
  return { host: request.host, resources, contents, observes, health, problems: [...problems.values()] };
}

function buildUnits(units: readonly Unit[], compilation: Compilation) {
  const { request, report } = compilation;
  const listFiles = listFilesOf(compilation);
  const drafts = new Map<string, Draft>();
  const skipped = new Set<string>();
  const unknown = new Set<string>();
  let count = 0;
  for (const unit of units) {
    for (const [index, document] of unit.resources.entries()) {
      const { kind } = document;
      const type = findResourceType(kind);
      if (request.only?.includes(kind) === false) continue;
      if (!type) {
        reportKind(unit, index, kind, compilation);
        unknown.add(kind);
        continue;
      }
      const { instances, hasFailed } = expandResource(unit, document, index, compilation);
      if (hasFailed) unknown.add(kind);
      for (const instance of instances) {
        if (instance.isSkipped) {
          const { checked } = checkInstance(instance, type, compilation);
          if (checked) skipped.add(`${kind}[${type.identify(checked.attributes)}]`);
          else unknown.add(kind);
          continue;
        }
        if (++count > mostResources) {
          report({ code: 'too-large', message: `more than ${mostResources} resources for one host` });
          return { drafts: [...drafts.values()], skipped, unknown };
        }
        const draft = buildResource(instance, type, compilation, listFiles);
        if (!draft) unknown.add(kind);
        else if (drafts.has(draft.resource.address)) reportDuplicate(drafts.get(draft.resource.address)!, draft, compilation);
        else drafts.set(draft.resource.address, draft);
      }
    }
  }
  return { drafts: [...drafts.values()], skipped, unknown };
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

/** An assignment that lists nothing says nothing of what has left it, beside one that does. */
function whatObserves(units: readonly Unit[]): Catalog['observes'] {
  if (units.length > 0 && units.every(({ mode }) => mode === 'observe')) return 'all';
  const byFile = Map.groupBy(units, ({ source }) => source.file);
  const isObserved = (own: readonly Unit[]): boolean =>
    own.some(({ mode }) => mode === 'observe') &&
    own.every(({ mode, resources }) => mode === 'observe' || resources.length === 0);
  return [...byFile].filter(([, own]) => isObserved(own)).map(([file]) => file);
}

/** What is only observed cannot fail a run. */
function healthOf({ role, health, source, names, isSkipped, mode }: Unit, compilation: Compilation): Catalog['health'] {
  if (role === undefined || isSkipped || mode === 'observe') return [];
  const scope = overlay(compilation.scope, names);
  return health.flatMap(({ when, ...check }, index) => {
    const path = ['health', index];
    if (when !== undefined) {
      const condition = renderCondition({ value: when, source, path: [...path, 'when'] }, scope, compilation);
      if (condition.isTrue !== true) return [];
    }
    const rendered = renderWritten({ value: check, source, path }, scope, compilation);
    if (rendered.problems.length > 0) return [];
    const { value, problems } = checkAttributes(healthCheck, rendered.value, check, source, path);
    for (const problem of problems) compilation.report(problem);
    return value ? [{ role, check: value }] : [];
  });
}
