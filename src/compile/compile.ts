import type { Inventory } from '../inventory/inventory.ts';
import type { Catalog } from '../model/catalog.ts';
import { healthCheck } from '../model/document.ts';
import type { Documents } from '../model/documents.ts';
import { canonicalJson } from '../model/json.ts';
import type { Problem } from '../model/problem.ts';
import { assignRoles, type Unit } from './assign-roles.ts';
import { buildUnits } from './build-units.ts';
import { checkAttributes } from './check-attributes.ts';
import type { Compilation, CompileRequest } from './compilation.ts';
import { createContents } from './contents.ts';
import { hostScope, overlay } from './host-scope.ts';
import { linkResources } from './link-resources.ts';
import { readTemplate } from './prepare-context.ts';
import { renderCondition, renderWritten } from './render.ts';
import { createTemplateEngine } from './template-engine.ts';

export type { CompileRequest } from './compilation.ts';

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
  const { drafts, ...absent } = buildUnits(units, compilation);
  const resources =
    request.only === undefined ? linkResources(drafts, units, absent, compilation) : drafts.map(({ resource }) => resource);
  const observes = request.observe === true ? 'all' : whatObserves(units);
  const health = request.only === undefined ? units.flatMap((unit) => healthOf(unit, compilation)) : [];
  return { host: request.host, resources, contents, observes, health, problems: [...problems.values()] };
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
