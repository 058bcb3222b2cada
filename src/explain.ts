import { loadDesired, type Desired } from './desired.ts';
import type { CatalogResource, ContentRef } from './model/catalog.ts';
import { isObject, type Json } from './model/json.ts';
import { holdsSecret, Secret } from './model/secret.ts';
import { reconcile, type Request } from './pipeline.ts';
import type { Explanation } from './report/render-explanation.ts';
import { findResources } from './find-resources.ts';
import type { WithProblems } from './model/located.ts';
import { openScope } from './scope.ts';
import { blameLine } from './source/blame-line.ts';
import { openWorkingTree } from './source/working-tree.ts';
import type { LedgerEntry } from './state/ledger.ts';
import { openState, type State } from './state/state.ts';

/** How far back runs are searched, and how many are shown. */
const searchedRuns = 100;
const shownRuns = 5;
/** Of a text that is wanted. */
const shownLines = 10;

export interface Explained extends WithProblems {
  /** Every resource that the target names: one address, or all that have to do with a path. */
  readonly explanations: readonly Explanation[];
  /** Every address there is, for hints. */
  readonly known: readonly string[];
}

/** Tells all that is known about an address or a path. Writes nothing. */
export async function explain(request: Request, target: string, signal: AbortSignal): Promise<Explained> {
  const revision = openWorkingTree(request.source);
  const scope = openScope(request);
  const desired = await loadDesired(revision, scope);
  const state = openState(scope.stateDirectory, { readOnly: true });
  try {
    const ledger = state?.ledger.all() ?? new Map<string, LedgerEntry>();
    const { resources } = desired.catalog;
    const wanted = findResources(resources, target);
    const isWanted = new Set(resources.map(({ address }) => address));
    const orphans = [...ledger.values()].filter(({ address }) => !isWanted.has(address) && matches(address, target));
    const known = [...isWanted, ...ledger.keys()];
    if (wanted.length + orphans.length === 0) return { explanations: [], known, problems: desired.problems };
    const report = await reconcile({ ...request, action: 'check' }, () => undefined, signal);
    const nowOf = (address: string) => report.steps.find((step) => step.address === address) ?? null;
    const explanations = await Promise.all(
      wanted.map(async (resource) => ({
        ...(await describeResource(resource, desired, request.source)),
        ...describePast(resource.address, ledger.get(resource.address), state),
        now: nowOf(resource.address),
      })),
    );
    const gone = orphans.map((entry) => ({
      ...describeOrphan(entry),
      ...describePast(entry.address, entry, state),
      now: nowOf(entry.address),
    }));
    return { explanations: [...explanations, ...gone], known, problems: desired.problems };
  } finally {
    state?.close();
  }
}

const matches = (address: string, target: string): boolean => address === target || address.endsWith(`[${target}]`);

async function describeResource(resource: CatalogResource, { catalog }: Desired, root: string) {
  const { address, kind, desired, origin, after, notify, tags, onDrift, prune, mode } = resource;
  const { file, line, column } = origin.at;
  const content = contentOf(resource, catalog.contents);
  return {
    schema: 'reconcile.explanation/1' as const,
    address,
    kind,
    desired: shownDesired(desired),
    ...(content === undefined ? {} : { content }),
    ...(origin.role === undefined ? {} : { role: origin.role }),
    origin: `${file}:${line}:${column}`,
    commit: await blameLine(root, file, line),
    variables: origin.variables,
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
  origin,
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
  state: State | undefined,
): Pick<Explanation, 'lastApplied' | 'runs'> {
  const runs = (state?.runs.list(searchedRuns) ?? []).flatMap(({ run, startedAt, steps }) => {
    const step = steps.find((each) => each.address === address);
    if (!step) return [];
    const { outcome, cause, action, reason } = step;
    return [{ run, time: startedAt, outcome, cause, action, ...(reason === undefined ? {} : { reason }) }];
  });
  const lastApplied = entry ? { run: entry.run, time: entry.appliedAt, revision: entry.revision } : null;
  return { lastApplied, runs: runs.slice(0, shownRuns) };
}

/** What `prepare` made of the attributes, without secrets and their digests; contents as their size. */
function shownDesired(desired: object): { readonly [attribute: string]: Json } {
  const shown = (value: unknown): Json => {
    if (value instanceof Secret) return '<secret>';
    if (Array.isArray(value)) return value.length > 20 ? `${value.length} entries` : value.map(shown);
    if (isContent(value))
      return `${value.size} bytes${value.sensitive ? ', with a secret' : `, sha256 ${value.sha256.slice(0, 12)}`}`;
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shown(member)]));
    return (value ?? null) as Json;
  };
  return shown(desired) as { readonly [attribute: string]: Json };
}

const isContent = (value: unknown): value is ContentRef =>
  isObject(value) && typeof value['sha256'] === 'string' && typeof value['size'] === 'number';

function contentOf({ desired, sensitive }: CatalogResource, contents: Desired['catalog']['contents']): string | undefined {
  const content = (desired as { readonly content?: unknown }).content;
  if (!isContent(content) || sensitive || content.sensitive || holdsSecret(desired) || content.size > 256 * 1024)
    return undefined;
  const bytes = contents.read(content);
  if (bytes.includes(0)) return undefined;
  const lines = bytes.toString('utf8').replace(/\n$/, '').split('\n');
  const rest = lines.length - shownLines;
  return [...lines.slice(0, shownLines), ...(rest > 0 ? [`... ${rest} more lines`] : [])].join('\n');
}
