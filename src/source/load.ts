import * as z from 'zod';
import { interpreted } from '../model/check-value.ts';
import {
  policyDocument,
  roleDocument,
  rolloutDocument,
  siteDocument,
  type Document,
  type RoleDocument,
  type RolloutDocument,
} from '../model/document.ts';
import type { Documents, InventoryFiles } from '../model/documents.ts';
import type { WithProblems } from '../model/located.ts';
import { nearest } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceFile, SourceTree } from '../model/revision.ts';
import { noSecrets, type Vault } from '../model/secret.ts';
import { checkDocument } from './check-document.ts';
import { loadInventoryFiles } from './inventory-files.ts';
import { readYaml } from './yaml.ts';
import { sizeProblem } from './yaml-bounds.ts';

const desiredState = 'desired-state';
const siteFile = `${desiredState}/site.yaml`;
const documentNames = ['site.yaml', 'policy.yaml', 'rollout.yaml'] as const;
const roleName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/**
 * Reads and checks every document of a revision; `vault` opens encrypted files of variables. Total: what is wrong is listed in
 * `problems`, all at once, and the rest is there. Problems of the inventory stay in `inventory.problems`, which reading the inventory
 * passes on.
 */
export function loadDocuments(
  files: SourceTree,
  vault: Vault = noSecrets.vault,
  inventory: InventoryFiles = loadInventoryFiles(files, vault),
): Documents {
  const problems: Problem[] = [];
  const load = <S extends z.ZodType>(schema: S, file: SourceFile | undefined): Document<z.output<S>> | undefined => {
    if (!file) return undefined;
    const { document, problems: found } = loadDocument(schema, file, files);
    problems.push(...found);
    return document;
  };
  const standing = files.list(desiredState).filter(({ path }) => !path.includes('/', desiredState.length + 1));
  const own = new Map(standing.map((file) => [file.path, file] as const));
  const named = (name: (typeof documentNames)[number]): SourceFile | undefined => own.get(`${desiredState}/${name}`);

  problems.push(...misnamed([...own.keys()]));
  if (!named('site.yaml')) problems.push(missingFile(siteFile, 'the repository has no site.yaml'));
  const site = load(siteDocument, named('site.yaml'));
  const policy = load(policyDocument, named('policy.yaml'));
  const rollout = load(rolloutDocument, named('rollout.yaml'));
  const roles = loadRoles(files, load, problems);
  return {
    files,
    site,
    policy: policy?.value ?? policyDocument.parse({}, interpreted),
    policyAt: policy?.source.at,
    rollout,
    roles,
    inventory,
    problems,
  };
}

/** The waves alone, for who has no use for the rest; undefined where there is no rollout.yaml, or one with problems. */
export function loadRollout(files: SourceTree): WithProblems & { readonly rollout: Document<RolloutDocument> | undefined } {
  const file = files.list(desiredState).find(({ path }) => path === `${desiredState}/rollout.yaml`);
  if (!file) return { rollout: undefined, problems: [] };
  const { document, problems } = loadDocument(rolloutDocument, file, files);
  return { rollout: document, problems };
}

function loadDocument<S extends z.ZodType>(
  schema: S,
  { path, size }: SourceFile,
  files: SourceTree,
): { readonly document?: Document<z.output<S>>; readonly problems: readonly Problem[] } {
  const tooLarge = sizeProblem(path, size);
  if (tooLarge) return { problems: [tooLarge] };
  const bytes = files.read(path);
  if (!bytes) return { problems: [missingFile(path, 'the file went away while it was read')] };
  const { loaded, problems } = readYaml(path, bytes);
  if (!loaded) return { problems };
  const checked = checkDocument(schema, loaded);
  const places = new Set(problems.map(({ at }) => JSON.stringify(at)));
  const further = checked.problems.filter(({ at }) => !places.has(JSON.stringify(at)));
  const all = [...problems, ...further].sort(byPosition);
  return checked.value === undefined ? { problems: all } : { document: { source: loaded, value: checked.value }, problems: all };
}

const byPosition = ({ at: a }: Problem, { at: b }: Problem): number =>
  (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);

type Load = <S extends z.ZodType>(schema: S, file: SourceFile | undefined) => Document<z.output<S>> | undefined;

/** A role that cannot be read is there, but empty: naming it elsewhere, with any parameters, is no second problem. */
function loadRoles(files: SourceTree, load: Load, problems: Problem[]): ReadonlyMap<string, Document<RoleDocument>> {
  const listed = files.list('roles');
  const names = [...new Set(listed.flatMap(({ path }) => /^roles\/([^/]+)\//.exec(path)?.[1] ?? []))].sort();
  const byPath = new Map(listed.map((file) => [file.path, file] as const));
  const roles = new Map<string, Document<RoleDocument>>();
  for (const name of names) {
    const path = `roles/${name}/role.yaml`;
    const start = { file: path, line: 1, column: 1 };
    if (!roleName.test(name)) {
      const message = `the role name ${JSON.stringify(name)} has characters that names cannot have`;
      problems.push({ code: 'unsafe-path', message, at: start, hint: 'expected letters, digits, "_", "-" and "."' });
      roles.set(name, emptyRole(path));
      continue;
    }
    const wrongName = byPath.has(`roles/${name}/role.yml`) ? 'role.yml' : undefined;
    if (wrongName || !byPath.has(path)) {
      const isAnsible = listed.some((file) => file.path.startsWith(`roles/${name}/tasks/`));
      const hint = wrongName
        ? `rename ${wrongName} to role.yaml`
        : isAnsible
          ? 'write one with what tasks/ does, which is not read'
          : undefined;
      problems.push(missingFile(path, `the role "${name}" has no role.yaml`, hint));
    }
    const document = load(roleDocument, byPath.get(path));
    roles.set(name, document ?? emptyRole(path));
  }
  return roles;
}

function emptyRole(path: string): Document<RoleDocument> {
  const start = { file: path, line: 1, column: 1 };
  const source = { file: path, value: {}, at: () => start, keyAt: () => start, keysOf: () => [] };
  return { source, value: { summary: path, depends: [], parameters: { additionalProperties: true }, resources: [], health: [] } };
}

/** A `policy.yml` that nothing reads would silently be no policy. */
function misnamed(paths: readonly string[]): readonly Problem[] {
  return paths.flatMap((path) => {
    const name = path.slice(desiredState.length + 1);
    if (name.includes('/') || !/\.(?:ya?ml|json)$/i.test(name) || documentNames.some((known) => known === name)) return [];
    const near = nearest(name, documentNames);
    const hint = near ? `did you mean ${near}?` : `expected ${documentNames.join(', ')}`;
    return [
      { code: 'unknown-file' as const, message: 'a document that nothing reads', at: { file: path, line: 1, column: 1 }, hint },
    ];
  });
}

const missingFile = (file: string, message: string, hint?: string): Problem => ({
  code: 'missing-file',
  message,
  at: { file, line: 1, column: 1 },
  ...(hint === undefined ? {} : { hint }),
});
