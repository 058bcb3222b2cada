import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { applyPlan, type ApplyDeps } from '../../src/apply/apply.ts';
import { rollBack } from '../../src/apply/rollback.ts';
import { openLocalHost, type LocalHost } from '../../src/host/local-host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import type { CatalogResource } from '../../src/model/catalog.ts';
import type { LastApplied } from '../../src/model/last-applied.ts';
import { isDone, type Plan } from '../../src/model/plan.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { observe } from '../../src/plan/observe.ts';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';
import { openState, type State } from '../../src/state/state.ts';
import { openContentMemory, type Sources } from './content-memory.ts';
import { makeResource } from './make-resource.ts';

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
  const memory = openContentMemory();
  const { contents } = memory;
  const find = (kind: string): AnyResourceType => types.find((type) => type.kind === kind) as AnyResourceType;
  const signal = new AbortController().signal;
  const ledger = (): ReadonlyMap<string, LastApplied> => state.ledger.all();
  const hostOptions = { root, ...options };
  let runs = 0;
  const planOf = async (resources: readonly CatalogResource[]): Promise<Plan> => {
    const graph = buildGraph({ host: 'rig', resources, contents, observes: [], health: [], problems: [] }, find);
    const reader = openLocalReader(hostOptions);
    const observation = await observe(resources, ledger(), reader, find, signal);
    const touched = (kind: string, desired: object, changes: readonly never[]) =>
      find(kind).touches?.(desired, changes, reader) ?? [];
    const plan = makePlan({
      host: 'rig',
      graph,
      observation,
      observes: [],
      ledger: ledger(),
      owed: [],
      types: find,
      touched,
      hasAccount: () => true,
      isOwnerLeftOut: () => false,
      unwritable: () => undefined,
      live: false,
      tags: [],
      contested: [],
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
      const steps = plan.steps.filter(isDone);
      const run = `run-${String(++runs).padStart(4, '0')}`;
      const host = openLocalHost(hostOptions);
      const deps: ApplyDeps = { run, host: wrap(host), state, contents, ledger: ledger(), types: find, emit: () => undefined };
      if (steps.length > 0) state.journal.begin(run, 'key', run);
      try {
        await applyPlan(plan, deps, signal, new Set());
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
              sensitive: resource.sensitive,
              origin: '',
              run,
              revision: null,
              appliedAt: run,
              made: [],
              notify: resource.notify,
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
    resource: (type, attributes, sources = {}) => makeResource(type, attributes, sources, memory),
    [Symbol.dispose]: () => state.close(),
  };
}
