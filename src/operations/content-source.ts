import type { CatalogResource, Origin } from '../model/catalog.ts';
import type { Documents } from '../model/documents.ts';
import type { ResourceDocument } from '../model/document.ts';
import { isObject, sha256 } from '../model/json.ts';
import type { KeyPath, LoadedFile } from '../model/located.ts';
import type { SourceTree } from '../model/revision.ts';

/** Where the bytes of a managed path come from. */
type ContentSource =
  /** Copied from this file of the repository. */
  | { readonly type: 'file'; readonly file: string; readonly mode?: string }
  /** Rendered from this one. */
  | { readonly type: 'template'; readonly file: string }
  /** Written in the document that declares the resource. */
  | { readonly type: 'inline' }
  /** A path below a tree that is none of its files; it would come from `file`, where that can be told. */
  | { readonly type: 'foreign'; readonly file?: string }
  /** The directory that a tree is copied from. */
  | { readonly type: 'directory'; readonly file?: string }
  /** Made by the kind, or not to be told for certain. */
  | { readonly type: 'unknown' };

interface Member {
  readonly mode: string;
  readonly sha256: string;
}

/** Finds it for the path of a resource, or for a path below a tree. */
export function findContentSource(
  resource: CatalogResource,
  path: string,
  { site, roles }: Pick<Documents, 'site' | 'roles'>,
  files: SourceTree,
): ContentSource {
  const { kind, id, origin } = resource;
  const written = writtenResource({ site, roles }, origin);
  const folders = (name: 'files' | 'templates'): readonly string[] => [
    ...(origin.role === undefined ? [] : [`roles/${origin.role}/${name}`]),
    `desired-state/${name}`,
  ];
  const template = written?.['template'];
  const source = written?.['source'];
  if (typeof template === 'string') {
    const file = firstOf(folders('templates'), template, files);
    return file === undefined ? { type: 'unknown' } : { type: 'template', file };
  }
  if (typeof source !== 'string') return written?.['content'] === undefined ? { type: 'unknown' } : { type: 'inline' };
  if (kind !== 'tree') {
    const found = firstOf(folders('files'), source, files) ?? onlyWith(digestOf(resource.desired), '', folders('files'), files);
    return found === undefined ? { type: 'unknown' } : { type: 'file', file: found };
  }
  const directory = folders('files')
    .map((folder) => `${folder}/${source.replace(/\/$/, '')}`)
    .find((candidate) => !source.includes('{{') && files.list(candidate).length > 0);
  if (path === id) return { type: 'directory', ...(directory !== undefined && { file: directory }) };
  const relative = path.slice(id.length + 1);
  const file = directory === undefined ? undefined : `${directory}/${relative}`;
  const member = memberOf(resource.desired, relative);
  if (!member) return { type: 'foreign', ...(file !== undefined && { file }) };
  const found = file ?? onlyWith(member.sha256, `/${relative}`, folders('files'), files);
  return found === undefined ? { type: 'unknown' } : { type: 'file', file: found, mode: member.mode };
}

/** The resource as it stands in its document, found by its position. */
function writtenResource({ site, roles }: Pick<Documents, 'site' | 'roles'>, { at, role }: Origin): ResourceDocument | undefined {
  const find = (source: LoadedFile, resources: readonly ResourceDocument[], path: KeyPath): ResourceDocument | undefined =>
    resources.find((_resource, index) => {
      const { line, column } = source.at([...path, 'resources', index]);
      return line === at.line && column === at.column;
    });
  if (role !== undefined) {
    const document = roles.get(role);
    return document && find(document.source, document.value.resources, []);
  }
  return site?.value.assignments
    .map(({ resources }, index) => find(site.source, resources, ['assignments', index]))
    .find((resource) => resource !== undefined);
}

/** Undefined for a name that is a template. */
const firstOf = (folders: readonly string[], name: string, files: SourceTree): string | undefined =>
  folders.map((folder) => `${folder}/${name}`).find((file) => !name.includes('{{') && files.read(file) !== undefined);

/** For a source whose name is a template: the one file that has the desired bytes. */
function onlyWith(digest: string | undefined, ending: string, folders: readonly string[], files: SourceTree): string | undefined {
  const same = folders
    .flatMap((folder) => files.list(folder))
    .filter(({ path }) => digest !== undefined && path.endsWith(ending) && sha256(files.read(path) ?? '') === digest);
  return same.length === 1 ? same[0]!.path : undefined;
}

function digestOf(desired: object): string | undefined {
  const { content } = desired as { readonly content?: unknown };
  return isObject(content) && typeof content['sha256'] === 'string' ? content['sha256'] : undefined;
}

/** A file of a tree, from its line `mode sha256 size path`. */
function memberOf(desired: object, relative: string): Member | undefined {
  const { files } = desired as { readonly files?: readonly string[] };
  const line = files?.find((each) => each.replace(/^\S+ \S+ \S+ /, '') === relative);
  const [mode, digest] = line?.split(' ') ?? [];
  return mode !== undefined && digest !== undefined ? { mode, sha256: digest } : undefined;
}
