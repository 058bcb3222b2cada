import type { AbsolutePath, HostReader } from '../../host/host.ts';
import { compileGlob } from '../../model/glob.ts';
import { converged, type Change } from '../../model/plan.ts';
import { runFor } from '../../model/time-limit.ts';
import { formatMode, parseMode } from '../file-mode.ts';
import { standingContent } from '../standing-content.ts';
import { entryOf, lineOf, pathOf, textOf, type TreeEntry, type TreeLine } from '../tree-line.ts';
import { foreignPaths, holdsForeignDirectory } from '../foreign-paths.ts';
import { isOfAnotherType, sortedForApply } from '../tree-order.ts';
import { foreignOn, refusalsInTree } from '../tree-refusals.ts';
import { accountsOf, diffOwners, inspectOwners, keptOwners, ownerIds, ownershipOf, type Ownership } from '../ownership.ts';
import {
  defineResourceType,
  type ApplyContext,
  type AttributesOf,
  type PrepareContext,
  type SourceEntry,
  type Vocabulary,
} from '../resource-type.ts';

/** Milliseconds. */
const longestMatch = 2_000;
const spec = ({ z, absolutePath, fileMode, ownerName }: Vocabulary) => {
  const globs = z.array(z.string().min(1).max(1024)).max(1000);
  return z.strictObject({
    path: absolutePath,
    source: z.string().meta({ description: "A directory under the role's files/, else desired-state/files/." }),
    include: globs.default(['**']).meta({ description: 'Globs of relative paths to take; dot files count like others.' }),
    exclude: globs.default([]).meta({ description: 'Globs of relative paths to leave out.' }),
    mode: fileMode
      .optional()
      .meta({ description: 'Mode of every file; without it 0755 for files that are executable in git and 0644 for the rest.' }),
    dir_mode: fileMode.default('0755'),
    modes: z.record(z.string(), fileMode).default({}).meta({ description: 'Modes by glob; the last match wins.' }),
    owner: ownerName.optional(),
    group: ownerName.optional(),
    purge: z
      .enum(['own', 'all'])
      .default('own')
      .meta({ description: 'own: remove files that left git (default); all: remove foreign files too.' }),
  });
};
type Attributes = AttributesOf<typeof spec>;

interface Desired extends Ownership {
  readonly path: string;
  /** Sorted by path. */
  readonly files: readonly TreeLine[];
  readonly dirMode: string;
  readonly purge: 'own' | 'all';
}

/** What stands at the paths that are not as last applied and as desired; a path that is not here is both. `a/b/` is a directory. */
interface State {
  readonly paths: { readonly [relative: string]: Found | null };
}
type Found = { readonly text: string; readonly ownerChange: string | null; readonly foreign?: true };

export const tree = defineResourceType({
  kind: 'tree',
  summary: 'An overlay: every file of a directory of the repository, as one resource.',
  spec,
  identify: ({ path }) => path,
  prepare: (attributes: Attributes, context): Desired | undefined => {
    const entries = context.sourceDirectory(attributes.source, 'source');
    if (!entries) return undefined;
    const { path, dir_mode: dirMode, owner, group, purge } = attributes;
    const files = filesOf(entries, attributes, context);
    return (
      files && {
        path,
        files,
        dirMode: formatMode(parseMode(dirMode)),
        purge,
        ...ownershipOf({ owner, group }),
      }
    );
  },
  inspect: (desired, { host, last }): State => inspectTree(desired, last as Desired | undefined, host),
  diff: (desired, { paths }) => {
    const wanted = wantedTexts(desired);
    const changes: Change[] = [];
    for (const [relative, found] of Object.entries(paths)) {
      const to = wanted.get(relative) ?? null;
      const from = found?.text ?? null;
      // What stands in the place of something that goes is not the tree's.
      if (to === null && (isOfAnotherType(from) || (found?.foreign && desired.purge !== 'all'))) continue;
      if (from !== to) changes.push({ field: relative, from, to });
      else if (found?.ownerChange) changes.push({ field: relative, from: found.ownerChange, to });
    }
    if (changes.length === 0) return converged;
    const action =
      wanted.size === 0 ? 'remove' : changes.some(({ field, from }) => field === '' && from === null) ? 'create' : 'update';
    return { action, changes: sortedForApply(changes), ...(wanted.size === 0 && { mayStay: 'something else is in it' }) };
  },
  refuses: (desired, { paths }, changes) => {
    const wanted = entriesOf(desired);
    return refusalsInTree(desired.path, paths, (relative) => wanted.has(relative), changes);
  },
  apply: (desired, changes, context) => {
    const wanted = entriesOf(desired);
    const owners = ownerIds(desired, context.host);
    for (const change of changes) applyChange(desired, wanted.get(change.field), change, owners, context);
  },
  watches: (desired) => watchedPaths(desired),
  // What stands in a directory that is there for others is the tree's business, but none of its paths.
  asks: (desired, host) => desired.purge === 'all' && holdsForeignDirectory(desired.path, wantedTexts(desired), host),
  makesWay: true,
  modes: ({ path }, changes) =>
    changes
      .filter(({ to }) => to !== null)
      .map(({ field, to }) => ({
        path: join(path, field),
        mode: String(to).slice(0, 4),
        isDirectory: field === '' || field.endsWith('/'),
      })),
  owns: ({ path, files }) => files.map((line) => `${path}/${pathOf(line)}`),
  touches: ({ path }, changes) => changes.map(({ field }) => join(path, field)),
  *preview(desired, changes, { host, contents }) {
    const wanted = entriesOf(desired);
    const files = changes.filter(({ field, from, to }) => field !== '' && !field.endsWith('/') && hashIn(from) !== hashIn(to));
    // Edits first: of what is new or gone, the names say most.
    for (const { field } of [...files.filter(isEdit), ...files.filter((change) => !isEdit(change))]) {
      const path = join(desired.path, field);
      const entry = wanted.get(field);
      yield {
        path,
        before: standingContent(path, host),
        after: entry && contents.read(entry),
      };
    }
  },
  requires: (desired) => accountsOf(desired),
  contents: ({ files }) => files.map(entryOf),
  withContents: (desired, now) => ({
    ...desired,
    files: desired.files.map((line) => {
      const entry = entryOf(line);
      const content = now(entry.sha256);
      return content ? lineOf({ ...entry, ...content }, pathOf(line)) : line;
    }),
  }),
  // What others put there was never its own.
  absent: (desired): Desired => ({ ...desired, files: [], purge: 'own' }),
});

/** A line for each file that the globs take; undefined where a glob cannot be used. */
function filesOf(
  entries: readonly SourceEntry[],
  { include, exclude, mode, modes }: Attributes,
  context: PrepareContext,
): readonly string[] | undefined {
  const matcher = (attribute: string) => (glob: string, index: number) => {
    const compiled = compileGlob(glob);
    if ('matches' in compiled) return compiled.matches;
    context.problem(
      attribute === 'modes' ? attribute : `${attribute}.${index}`,
      `${JSON.stringify(glob.slice(0, 80))} ${compiled.fault}`,
    );
    return undefined;
  };
  const takes = include.map(matcher('include'));
  const leaves = exclude.map(matcher('exclude'));
  const special = Object.keys(modes).map(matcher('modes'));
  if ([...takes, ...leaves, ...special].includes(undefined)) return undefined;
  const given = Object.values(modes);
  const modeOf = ({ path, executable }: SourceEntry): string =>
    formatMode(parseMode(given[special.findLastIndex((matches) => matches?.(path))] ?? mode ?? (executable ? '0755' : '0644')));
  const found = runFor(longestMatch, () =>
    entries
      .filter(({ path }) => takes.some((matches) => matches?.(path)) && !leaves.some((matches) => matches?.(path)))
      .map((entry) => lineOf({ ...entry.content, mode: modeOf(entry) }, entry.path)),
  );
  if (!found) context.problem('include', 'matching the globs takes too long', 'use fewer stars');
  return found?.value;
}

/** A tree is asked for its paths at every stage; they are made once for each desired state. */
function memoised<T>(make: (desired: Desired) => T): (desired: Desired) => T {
  const made = new WeakMap<Desired, T>();
  return (desired) => {
    const known = made.get(desired);
    if (known !== undefined) return known;
    const fresh = make(desired);
    made.set(desired, fresh);
    return fresh;
  };
}

const entriesOf = memoised(
  ({ files }: Desired): ReadonlyMap<string, TreeEntry> => new Map(files.map((line) => [pathOf(line), entryOf(line)])),
);

/** Every path of the tree, directories included, with the text that a converged one shows: `0644 sha256` or `0755 directory`. */
const wantedTexts = memoised((desired: Desired): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>();
  if (desired.files.length === 0) return texts;
  const directory = `${desired.dirMode} directory`;
  texts.set('', directory);
  for (const line of desired.files) {
    const relative = pathOf(line);
    for (let slash = relative.indexOf('/'); slash !== -1; slash = relative.indexOf('/', slash + 1))
      texts.set(relative.slice(0, slash + 1), directory);
    texts.set(relative, textOf(line));
  }
  return texts;
});

const watchedPaths = memoised((desired: Desired): readonly AbsolutePath[] => {
  const names = desired.purge === 'all' ? '/' : '';
  return [...wantedTexts(desired).keys()].map((relative) =>
    relative === '' || relative.endsWith('/') ? join(desired.path, relative) + names : join(desired.path, relative),
  );
});

function inspectTree(desired: Desired, last: Desired | undefined, host: HostReader): State {
  const before = last && !isSame(last, desired) ? last : desired;
  const [wanted, applied] = [wantedTexts(desired), wantedTexts(before)];
  const [entries, earlier] = [entriesOf(desired), entriesOf(before)];
  const paths: Record<string, Found | null> = {};
  const look = (relative: string, foreign: boolean): void => {
    const isKnown = (size: number): boolean => size === entries.get(relative)?.size || size === earlier.get(relative)?.size;
    // Node puts U+FFFD for bytes that are not UTF-8, and such a name leads nowhere.
    const nameless = foreign && relative.includes('\ufffd') ? { text: 'a name that is not UTF-8', ownerChange: null } : null;
    const found = inspectPath(desired, relative, host, (size) => foreign || isKnown(size)) ?? nameless;
    const text = found?.text ?? null;
    const isAsDesired = text === (wanted.get(relative) ?? null) && !found?.ownerChange;
    if (!isAsDesired || text !== (applied.get(relative) ?? null))
      paths[relative] = found && foreign ? { ...found, foreign: true } : found;
  };
  for (const relative of wanted.keys()) look(relative, false);
  for (const relative of applied.keys()) if (!wanted.has(relative)) look(relative, false);
  if (desired.purge === 'all')
    for (const { relative, mount } of foreignPaths(desired.path, new Set([...wanted.keys(), ...applied.keys()]), host))
      if (mount === undefined) look(relative, true);
      else paths[relative] = { text: foreignOn(mount), ownerChange: null, foreign: true };
  return { paths };
}

const isSame = (last: Desired, desired: Desired): boolean =>
  last.dirMode === desired.dirMode &&
  last.files.length === desired.files.length &&
  last.files.every((line, index) => line === desired.files[index]);

function inspectPath(
  desired: Desired,
  relative: string,
  host: HostReader,
  isWorthReading: (size: number) => boolean,
): Found | null {
  const path = join(desired.path, relative);
  const stat = host.stat(path);
  if (!stat) return null;
  const isOwned = (desired.owner ?? desired.group) !== undefined;
  const [change] = isOwned ? diffOwners(desired, inspectOwners(stat, host, desired)) : [];
  const ownerChange = change ? `${change.field} ${String(change.from)}` : null;
  const isDirectory = relative === '' || relative.endsWith('/');
  if (stat.type === 'directory') return { text: isDirectory ? `${formatMode(stat.mode)} directory` : 'a directory', ownerChange };
  if (isDirectory || stat.type === 'other')
    return { text: `a ${stat.type === 'other' ? 'device, fifo or socket' : stat.type}`, ownerChange };
  if (stat.type === 'link') return { text: `link to ${host.readLink(path) ?? ''}`, ownerChange };
  // A file of another size differs without being read.
  const content = isWorthReading(stat.size) ? (host.digest(path) ?? '') : `${stat.size} bytes`;
  return { text: `${formatMode(stat.mode)} ${content}`, ownerChange };
}

function applyChange(
  desired: Desired,
  entry: TreeEntry | undefined,
  change: Change,
  owners: { readonly uid?: number; readonly gid?: number },
  context: ApplyContext,
): void {
  const { host, contents } = context;
  const path = join(desired.path, change.field);
  const isDirectory = change.field === '' || change.field.endsWith('/');
  if (change.to === null) return isDirectory ? host.removeDirectory(path) : host.remove(path);
  const mode = parseMode(isDirectory ? desired.dirMode : (entry?.mode ?? ''));
  const stat = host.stat(path);
  if (isDirectory) {
    if (!stat) return host.makeDirectory(path, { mode, ...owners });
    if (owners.uid !== undefined || owners.gid !== undefined) host.setOwner(path, owners.uid ?? -1, owners.gid ?? -1);
  } else if (entry) {
    // One that was made for what stood in it, and is empty by now.
    if (stat?.type === 'directory' && isOfAnotherType(change.from)) host.removeDirectory(path);
    const hasOtherOwner = (owners.uid ?? stat?.uid) !== stat?.uid || (owners.gid ?? stat?.gid) !== stat?.gid;
    const isAsWanted = (): boolean => hashIn(change.from) === entry.sha256 || host.digest(path) === entry.sha256;
    // One that changes hands is written afresh: who had it may have it open, or have put another in its place.
    if (stat?.type !== 'file' || hasOtherOwner || !isAsWanted())
      return host.writeFile(path, contents.read(entry), { mode, ...keptOwners(stat, host), ...owners });
  }
  return host.setMode(path, mode);
}

const isEdit = ({ from, to }: Change): boolean => from !== null && to !== null;

const hashIn = (text: Change['from']): string | undefined => (typeof text === 'string' ? text.split(' ')[1] : undefined);

const join = (root: AbsolutePath, relative: string): AbsolutePath =>
  relative === '' ? root : `${root}/${relative.endsWith('/') ? relative.slice(0, -1) : relative}`;
