import { join } from 'node:path';
import { findContentSource } from './content-source.ts';
import { loadDesired, type Desired } from '../run/desired.ts';
import { findResources } from './find-resources.ts';
import { openLocalReader } from '../host/local-reader.ts';
import type { CatalogResource } from '../model/catalog.ts';
import type { WithProblems } from '../model/located.ts';
import { formatPosition } from '../model/problem.ts';
import type { SourceTree } from '../model/revision.ts';
import type { Request } from '../model/request.ts';
import { openScrub } from '../report/scrub.ts';
import { openScope } from '../run/scope.ts';
import { hasUncommitted } from '../source/uncommitted.ts';
import { writeAtomically } from '../source/write-atomically.ts';

interface Refused {
  readonly refused: string;
  readonly hint: string;
}

/** Where the live content went, or why it cannot go anywhere. */
type Adoption = { readonly file: string; readonly outcome: 'written' | 'same'; readonly bytes: number } | Refused;

/** Writes the live content of a managed path into the file of the working tree that it comes from. Nothing else is written. */
export async function adopt(request: Request, path: string): Promise<Adoption & Partial<WithProblems>> {
  if (!request.source.workingTree)
    return {
      refused: 'what was fetched from a remote cannot be written to',
      hint: 'clone the repository, and give --source PATH',
    };
  const revision = request.source.open();
  const desired = await loadDesired(revision, openScope(request));
  if (desired.problems.length > 0) {
    return { refused: 'the configuration has problems', hint: 'reconcile validate lists them', problems: desired.problems };
  }
  const { resources, isExact } = findResources(desired.catalog.resources, path);
  const resource = resources.find(({ kind }) => kind === 'file' || kind === 'tree') ?? resources[0];
  if (!resource || (!isExact && resource.kind !== 'tree'))
    return { refused: `nothing manages ${path} on this host`, hint: `reconcile explain ${path} shows what is near` };
  const found = sourceOf(resource, path, desired, revision.files);
  if ('refused' in found) return found;
  const { file } = found;
  const host = openLocalReader({ root: request.root });
  const type = host.stat(path)?.type;
  if (type !== undefined && type !== 'file') {
    const what = type === 'other' ? 'device, fifo or socket' : type;
    return { refused: `${path} is a ${what} here, and no file`, hint: 'move it away by hand; reconcile puts the file back' };
  }
  const live = host.readFile(path);
  if (!live) {
    const hint = `reconcile puts it back; to drop it everywhere, remove ${file} from the repository`;
    return { refused: `there is no file ${path} here`, hint };
  }
  if (holdsKnownSecret(live, desired)) {
    return { refused: `${path} holds the text of a secret, which must not get into git`, hint: 'take it out, or use a template' };
  }
  const before = revision.files.read(file);
  if (before?.equals(live)) return { file, outcome: 'same', bytes: live.length };
  if (live.includes(0) && !before?.includes(0))
    return { refused: `${path} is binary now, and ${file} is text`, hint: 'copy it by hand if that is meant' };
  if (hasUncommitted(revision.root, [`:(literal)${file}`]))
    return { refused: `${file} has changes that are in no commit, and would be lost`, hint: 'commit them, or take them back' };
  writeAtomically(join(revision.root, file), live, 0o644);
  return { file, outcome: 'written', bytes: live.length };
}

function sourceOf(
  resource: CatalogResource,
  path: string,
  { documents }: Desired,
  files: SourceTree,
): { readonly file: string } | Refused {
  const { address, kind, origin } = resource;
  const place = formatPosition(origin.at);
  if (kind !== 'file' && kind !== 'tree') return { refused: `${address} has no source file`, hint: `change it in ${place}` };
  if (resource.sensitive) return { refused: `${address} is sensitive; its content must not get into git`, hint: `see ${place}` };
  const source = findContentSource(resource, path, documents, files);
  switch (source.type) {
    case 'file':
      return source;
    case 'template':
      return { refused: `${address} is made from the template ${source.file}`, hint: `change the template; see ${place}` };
    case 'inline':
      return { refused: `the content of ${address} stands in ${place} itself`, hint: 'change it there' };
    case 'foreign': {
      const hint = source.file === undefined ? `see ${place}` : `to add it, copy it to ${source.file}`;
      return { refused: `${path} is none of the files of ${address}`, hint };
    }
    case 'directory':
      return { refused: `${path} is a directory`, hint: 'name one of its files' };
    case 'unknown':
      return { refused: `the source file of ${path} cannot be told for certain`, hint: `see ${place}` };
  }
}

function holdsKnownSecret(live: Buffer, { secrets, catalog }: Desired): boolean {
  const text = live.toString('utf8');
  return openScrub(secrets, catalog)({ text }).text !== text;
}
