import { join } from 'node:path';
import { loadDesired, type Desired } from './desired.ts';
import { findResources } from './find-resources.ts';
import { openLocalReader } from './host/local-reader.ts';
import type { CatalogResource, Origin } from './model/catalog.ts';
import type { Documents } from './model/documents.ts';
import type { ResourceDocument } from './model/document.ts';
import { sha256 } from './model/json.ts';
import type { KeyPath, LoadedFile, WithProblems } from './model/located.ts';
import type { SourceTree } from './model/revision.ts';
import { Secret, type Secrets } from './model/secret.ts';
import type { Request } from './pipeline.ts';
import { isSensitive } from './plan/make-plan.ts';
import { openScope } from './scope.ts';
import { openWorkingTree } from './source/working-tree.ts';
import { writeAtomically } from './source/write-atomically.ts';

/** Where the live content went, or why it cannot go anywhere. */
export type Adoption =
  | { readonly file: string; readonly outcome: 'written' | 'same'; readonly bytes: number }
  | { readonly refused: string; readonly hint: string };

/** Shorter texts are too common to be searched for. */
const shortestSecret = 6;

/** Writes the live content of a managed path into the file of the working tree that it comes from. Nothing else is written. */
export async function adopt(request: Request, path: string): Promise<Adoption & Partial<WithProblems>> {
  const revision = openWorkingTree(request.source);
  const desired = await loadDesired(revision, openScope(request));
  if (desired.problems.length > 0) {
    return { refused: 'the configuration has problems', hint: 'reconcile validate lists them', problems: desired.problems };
  }
  const resource = findResources(desired.catalog.resources, path)[0];
  if (!resource) return { refused: `nothing manages ${path} on this host`, hint: 'reconcile explain PATH finds what is near' };
  const found = sourceOf(resource, path, desired, revision.files);
  if ('refused' in found) return found;
  const live = openLocalReader(request.root === undefined ? {} : { root: request.root }).readFile(path);
  if (!live) return { refused: `there is no file ${path} here`, hint: 'reconcile puts it back' };
  if (holdsKnownSecret(live, desired.secrets)) {
    return { refused: `${path} holds the text of a secret, which must not get into git`, hint: 'take it out, or use a template' };
  }
  const { file } = found;
  if (revision.files.read(file)?.equals(live)) return { file, outcome: 'same', bytes: live.length };
  writeAtomically(join(request.source, file), live, 0o644);
  return { file, outcome: 'written', bytes: live.length };
}

type Source = { readonly file: string } | { readonly refused: string; readonly hint: string };

function sourceOf(resource: CatalogResource, path: string, { documents }: Desired, files: SourceTree): Source {
  const { kind, id, address, origin } = resource;
  const { at, role } = origin;
  const place = `${at.file}:${at.line}:${at.column}`;
  if (kind !== 'file' && kind !== 'tree') {
    return { refused: `${address} has no source file`, hint: `change it in ${place}` };
  }
  if (isSensitive(resource))
    return { refused: `${address} is sensitive; its content must not get into git`, hint: `see ${place}` };
  const written = writtenResource(documents, origin);
  if (typeof written?.['template'] === 'string') {
    return { refused: `${address} is made from the template ${written['template']}`, hint: `change the template; ${place}` };
  }
  if (typeof written?.['source'] !== 'string') {
    return { refused: `the content of ${address} stands in ${place} itself`, hint: 'change it there' };
  }
  const folders = [...(role === undefined ? [] : [`roles/${role}/files`]), 'desired-state/files'];
  const name = kind === 'tree' ? `${written['source']}/${path.slice(id.length + 1)}` : written['source'];
  const file = name.includes('{{')
    ? onlyFileWith(contentDigest(resource), folders, files)
    : folders.map((folder) => `${folder}/${name}`).find((candidate) => files.read(candidate) !== undefined);
  return file === undefined
    ? { refused: `the source file of ${path} cannot be told for certain`, hint: `see ${place}` }
    : { file };
}

/** The resource as it stands in its document, found by its position. */
function writtenResource({ site, roles }: Documents, { at, role }: Origin): ResourceDocument | undefined {
  const find = (source: LoadedFile, resources: readonly ResourceDocument[], path: KeyPath): ResourceDocument | undefined =>
    resources.find((_resource, index) => source.at([...path, 'resources', index]).line === at.line);
  if (role !== undefined) {
    const document = roles.get(role);
    return document && find(document.source, document.value.resources, []);
  }
  return site?.value.assignments
    .map(({ resources }, index) => find(site.source, resources, ['assignments', index]))
    .find((resource) => resource !== undefined);
}

const contentDigest = ({ desired }: CatalogResource): string | undefined =>
  (desired as { readonly content?: { readonly sha256?: string } }).content?.sha256;

/** For a source whose name is a template: the one file that has the desired content. */
function onlyFileWith(digest: string | undefined, folders: readonly string[], files: SourceTree): string | undefined {
  const same = folders
    .flatMap((folder) => files.list(folder))
    .filter(({ path }) => digest !== undefined && sha256(files.read(path) ?? '') === digest);
  return same.length === 1 ? same[0]!.path : undefined;
}

function holdsKnownSecret(live: Buffer, secrets: Secrets): boolean {
  return secrets.names.some((name) => {
    const secret = secrets.get(name);
    const text = secret instanceof Secret ? secret.reveal().trim() : '';
    return text.length >= shortestSecret && live.includes(text);
  });
}
