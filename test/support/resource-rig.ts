import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { applyPlan, type ApplyDeps } from '../../src/apply/apply.ts';
import { rollBack } from '../../src/apply/rollback.ts';
import { openLocalHost, type LocalHost } from '../../src/host/local-host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { noContents, type CatalogResource, type ContentRef } from '../../src/model/catalog.ts';
import { digestOf, sha256 } from '../../src/model/json.ts';
import type { Plan } from '../../src/model/plan.ts';
import { Secret } from '../../src/model/secret.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { isSensitive, makePlan } from '../../src/plan/make-plan.ts';
import { observe, type LastApplied } from '../../src/plan/observe.ts';
import type { AnyResourceType, PrepareContext } from '../../src/resources/resource-type.ts';
import { openState, type State } from '../../src/state/state.ts';

/** Files of a pretended repository, by the name that `source:` or `template:` gives. */
export type Sources = Readonly<Record<string, string>>;

/** Resources of any kinds on a real temporary directory, through the engine's own stages. */
export interface Rig extends Disposable {
  /** What the host is: `--root`. */
  readonly root: string;
  readonly state: State;
  plan(resources: readonly CatalogResource[]): Promise<Plan>;
  /** Plans, applies and records; returns the addresses that were changed. `wrap` may put faults between engine and host. */
  apply(resources: readonly CatalogResource[], wrap?: (host: LocalHost) => LocalHost): Promise<readonly string[]>;
  /** Takes back the run that did not end. */
  recover(): Promise<readonly string[]>;
  resource(type: AnyResourceType, attributes: object, sources?: Sources): CatalogResource;
}

export function openRig(
  directory: string,
  types: readonly AnyResourceType[],
  options: { readonly privileged?: boolean } = {},
): Rig {
  const root = join(directory, 'root');
  mkdirSync(root, { recursive: true });
  const state = openState(join(directory, 'state'));
  const bytes = new Map<string, Buffer>();
  const find = (kind: string): AnyResourceType => types.find((type) => type.kind === kind) as AnyResourceType;
  const signal = new AbortController().signal;
  const contents = { ...noContents, read: (ref: ContentRef): Buffer => bytes.get(ref.sha256) as Buffer };
  const ledger = (): ReadonlyMap<string, LastApplied> => state.ledger.all();
  const hostOptions = { root, ...options };
  let runs = 0;
  const planOf = async (resources: readonly CatalogResource[]): Promise<Plan> => {
    const graph = buildGraph({ host: 'rig', resources, contents, health: [], problems: [] }, find);
    const reader = openLocalReader(hostOptions);
    const observation = await observe(resources, ledger(), reader, find, signal);
    const touched = (kind: string, desired: object, changes: readonly never[]) =>
      find(kind).touches?.(desired, changes, reader) ?? [];
    const plan = makePlan({
      host: 'rig',
      graph,
      observation,
      ledger: ledger(),
      owed: [],
      types: find,
      touched: touched,
      hasAccount: () => true,
      tags: [],
      isConfirmed: true,
    });
    if (graph.problems.length > 0 || plan.problems.length > 0)
      throw new Error(JSON.stringify([...graph.problems, ...plan.problems]));
    return plan;
  };
  return {
    root,
    state,
    plan: planOf,
    async apply(resources, wrap = (host) => host) {
      const plan = await planOf(resources);
      const steps = plan.steps.filter(({ diff, held }) => diff.action !== 'none' && !held);
      const run = `run-${String(++runs).padStart(4, '0')}`;
      const host = openLocalHost(hostOptions);
      const deps: ApplyDeps = { run, host: wrap(host), state, contents, ledger: ledger(), types: find, emit: () => undefined };
      if (steps.length > 0) state.journal.begin(run, 'key', run);
      try {
        await applyPlan(plan, deps, signal);
      } finally {
        host.close();
      }
      state.transaction(() => {
        if (steps.length > 0) state.journal.finish(run, 'applied');
        for (const { address, resource, cause } of plan.steps) {
          const { kind, digest, prune, desired } = resource;
          if (cause === 'orphan') state.ledger.remove(address);
          else
            state.ledger.put({
              address,
              kind,
              digest,
              prune,
              desired,
              sensitive: isSensitive(resource),
              origin: '',
              run,
              revision: null,
              appliedAt: run,
            });
        }
      });
      return steps.map(({ address }) => address);
    },
    async recover() {
      const open = state.journal.open();
      if (!open) return [];
      const host = openLocalHost(hostOptions);
      try {
        const { restored, failures } = await rollBack(open.run, state, host, find);
        if (failures.length > 0) throw new Error(failures.join('\n'));
        return restored;
      } finally {
        host.close();
      }
    },
    resource: (type, attributes, sources = {}) => makeResource(type, attributes, sources, bytes),
    [Symbol.dispose]: () => state.close(),
  };
}

function makeResource(type: AnyResourceType, attributes: object, sources: Sources, bytes: Map<string, Buffer>): CatalogResource {
  const keep = (text: string | Buffer, sensitive = false): ContentRef => {
    const content = Buffer.from(text);
    bytes.set(sha256(content), content);
    return { sha256: sha256(content), size: content.length, ...(sensitive && { sensitive: true as const }) };
  };
  const known = (name: string): string => {
    const text = sources[name];
    if (text === undefined) throw new Error(`the rig has no source "${name}"`);
    return text;
  };
  const context: PrepareContext = {
    text: (text) => (text instanceof Secret ? keep(text.reveal(), true) : keep(text)),
    sourceFile: (name) => ({ content: keep(known(name)), executable: false }),
    sourceDirectory: (name) =>
      Object.keys(sources)
        .filter((path) => path.startsWith(`${name}/`))
        .sort()
        .map((path) => ({ path: path.slice(name.length + 1), executable: path.endsWith('.sh'), content: keep(known(path)) })),
    template: (name) => keep(known(name)),
    read: ({ sha256: digest }) => bytes.get(digest) as Buffer,
    problem: (attribute, message) => {
      throw new Error(`${attribute}: ${message}`);
    },
  };
  const parsed = type.spec.parse(attributes);
  const desired = type.prepare(parsed, context) as object;
  const id = type.identify(parsed);
  return {
    address: `${type.kind}[${id}]`,
    kind: type.kind,
    id,
    desired,
    digest: digestOf(desired),
    origin: { at: { file: 'roles/rig/role.yaml', line: 1, column: 1 }, assignment: 0, variables: [] },
    after: [],
    notify: [],
    tags: [],
    onDrift: 'heal',
    prune: 'yes',
    sensitive: false,
    mode: 'enforce',
  };
}
