import { findContentSource } from './content-source.ts';
import { loadDesired, type Desired } from '../run/desired.ts';
import { findResources } from './find-resources.ts';
import { idIn, isContentRef, type CatalogResource } from '../model/catalog.ts';
import { isObject, type Json } from '../model/json.ts';
import type { WithProblems } from '../model/located.ts';
import { formatPosition, parsePosition } from '../model/problem.ts';
import type { Revision } from '../model/revision.ts';
import { Secret } from '../model/secret.ts';
import { reconcile } from '../reconcile.ts';
import { loadResourceTypes } from '../resources/registry.ts';
import type { Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import type { Explanation } from '../report/render-explanation.ts';
import { openScope } from '../run/scope.ts';
import { blameLine } from '../source/blame-line.ts';
import { lastCommit } from '../source/last-commit.ts';
import type { LedgerEntry } from '../state/ledger.ts';
import { openState } from '../state/state.ts';

/** How far back runs are searched, and how many are shown. */
const searchedRuns = 100;
const shownRuns = 5;
/** Of a text that is wanted. */
const shownLines = 10;
const largestShown = 256 * 1024;

interface Explained extends WithProblems {
  /** Every resource that the target names: one address, or all that have to do with a path. */
  readonly explanations: readonly Explanation[];
  /** Not exact: nothing manages the path, and the explanations are of what stands above it. */
  readonly isExact: boolean;
  /** Every address there is, for hints. */
  readonly known: readonly string[];
}

/** Tells all that is known about an address or a path. Writes nothing. */
export async function explain(request: Request, target: string, signal: AbortSignal): Promise<Explained> {
  const revision = request.source.open();
  const scope = openScope(request);
  const desired = await loadDesired(revision, scope);
  using state = openState(scope.stateDirectory, { readOnly: true });
  const ledger = state?.ledger.all() ?? new Map<string, LedgerEntry>();
  const { resources } = desired.catalog;
  const isWanted = new Set(resources.map(({ address }) => address));
  const left = [...ledger.values()].filter(({ address }) => !isWanted.has(address));
  await loadResourceTypes(left.map(({ kind }) => kind));
  const found = findResources(resources, target);
  const orphans = findResources(
    left.map((entry) => ({ ...entry, id: idIn(entry.address) })),
    target,
  );
  const gone = orphans.isExact ? orphans.resources : [];
  const wanted = found.isExact || gone.length === 0 ? found.resources : [];
  const known = [...isWanted, ...ledger.keys()];
  const isExact = found.isExact || gone.length > 0;
  if (wanted.length + gone.length === 0) return { explanations: [], isExact, known, problems: desired.problems };
  const report = await reconcile({ ...request, action: 'check' }, () => undefined, signal);
  const nowOf = (address: string) => report.steps.find((step) => step.address === address) ?? null;
  const isCompared = report.planDigest !== null || report.outcome === 'converged';
  const why = desired.problems.length > 0 ? 'the configuration has problems' : report.summary;
  const unknown = isCompared ? {} : { nowUnknown: why };
  const runs = state?.runs.briefs(searchedRuns) ?? [];
  const explanations = await Promise.all(
    wanted.map(async (resource) => ({
      ...(await describeResource(resource, target, desired, revision)),
      ...describePast(resource.address, ledger.get(resource.address), runs),
      now: nowOf(resource.address),
      ...unknown,
    })),
  );
  const past = gone.map((entry) => ({
    ...describeOrphan(entry),
    ...describePast(entry.address, entry, runs),
    now: nowOf(entry.address),
    ...unknown,
  }));
  return { explanations: [...explanations, ...past], isExact, known, problems: desired.problems };
}

async function describeResource(
  resource: CatalogResource,
  target: string,
  { catalog, inventory, documents }: Desired,
  revision: Revision,
) {
  const { files } = revision;
  const { address, kind, id, origin, after, notify, tags, onDrift, prune, mode } = resource;
  const { file, line } = origin.at;
  const path = id.startsWith('/') && target.startsWith(`${id}/`) ? target : id;
  const found = findContentSource(resource, path, documents, files);
  const source = 'file' in found && found.type !== 'foreign' ? found.file : undefined;
  const isMember = found.type === 'file' && path !== id;
  const text = () => (isMember ? textOf(files.read(found.file)) : contentOf(resource, catalog.contents));
  const content = resource.sensitive ? undefined : text();
  const variables = inventory.variables(catalog.host);
  return {
    schema: 'reconcile.explanation/1' as const,
    address,
    kind,
    desired: shownDesired(resource),
    ...(isMember ? { member: { path, mode: found.mode ?? '' } } : {}),
    ...(content === undefined ? {} : { content }),
    ...(origin.role === undefined ? {} : { role: origin.role }),
    origin: formatPosition(origin.at),
    commit: await blameLine(revision, file, line),
    ...(source === undefined ? {} : { source: { file: source, commit: await lastCommit(revision, source) } }),
    variables: origin.variables.map(({ name, layer }) => {
      const variable = variables.get(name);
      return { name, layer, ...(variable?.layer === layer ? { at: formatPosition(variable.at) } : {}) };
    }),
    after,
    notify,
    tags,
    onDrift,
    prune,
    mode,
  };
}

const describeOrphan = ({ address, kind, origin, prune }: LedgerEntry) => ({
  schema: 'reconcile.explanation/1' as const,
  address,
  kind,
  desired: null,
  origin: formatPosition(parsePosition(origin)),
  commit: null,
  variables: [],
  after: [],
  notify: [],
  tags: [],
  onDrift: 'heal',
  prune,
  mode: 'enforce',
});

function describePast(
  address: string,
  entry: LedgerEntry | undefined,
  all: readonly Report[],
): Pick<Explanation, 'lastApplied' | 'runs'> {
  const runs = all.flatMap(({ run, startedAt, steps }) => {
    const step = steps.find((each) => each.address === address);
    if (!step) return [];
    const { outcome, cause, late, action, reason } = step;
    const more = { ...(late && { late }), ...(reason !== undefined && { reason }) };
    return [{ run, time: startedAt, outcome, cause, action, ...more }];
  });
  const lastApplied = entry ? { run: entry.run, time: entry.appliedAt, revision: entry.revision } : null;
  return { lastApplied, runs: runs.slice(0, shownRuns) };
}

/** Attributes that say where and whose something is, and no more; any other value of a sensitive resource could be the secret. */
const neverSecret: ReadonlySet<string> = new Set([
  'path',
  'mode',
  'dirMode',
  'owner',
  'group',
  'ensure',
  'name',
  'user',
  'createOnly',
  'maxShrink',
]);

/** What `prepare` made of the attributes, without what is sensitive and its digests; contents as their size. */
function shownDesired(resource: CatalogResource): { readonly [attribute: string]: Json } {
  const isHidden = resource.sensitive;
  const shown = (value: unknown): Json => {
    if (value instanceof Secret) return '<secret>';
    if (Array.isArray(value)) return value.length > 20 ? `${value.length} entries` : value.map(shown);
    if (isContentRef(value)) return `${value.size} bytes, sha256 ${value.sha256.slice(0, 12)}`;
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shown(member)]));
    return (value ?? null) as Json;
  };
  const stays = (name: string, value: unknown): boolean => !isHidden || neverSecret.has(name) || (value ?? null) === null;
  return Object.fromEntries(
    Object.entries(resource.desired).map(([name, value]) => [name, stays(name, value) ? shown(value) : '<secret>']),
  );
}

function contentOf({ desired }: CatalogResource, contents: Desired['catalog']['contents']): string | undefined {
  const content = (desired as { readonly content?: unknown }).content;
  return isContentRef(content) && content.size <= largestShown ? textOf(contents.read(content)) : undefined;
}

/** Its first lines; undefined for what is no text. */
function textOf(bytes: Buffer | undefined): string | undefined {
  if (!bytes || bytes.length > largestShown || bytes.includes(0)) return undefined;
  const lines = bytes.toString('utf8').replace(/\n$/, '').split('\n');
  const rest = lines.length - shownLines;
  return [...lines.slice(0, shownLines), ...(rest > 0 ? [`... ${rest} more lines`] : [])].join('\n');
}
