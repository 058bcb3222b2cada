import { dirname } from 'node:path/posix';
import type { HostReader, PathStat } from '../host/host.ts';
import type { Mount } from '../host/mounts.ts';
import type { Address, CatalogResource } from '../model/catalog.ts';
import type { LastApplied } from '../model/last-applied.ts';
import { isPassing } from '../model/passing-error.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import { prunedOf } from './made.ts';

/** One resource as it stands on the host. */
export interface Observed {
  readonly address: Address;
  readonly actual: object;
  /** The same, looked at as what was last applied asks for, where git wants something else by now and the host may have moved too. */
  readonly asApplied?: object;
  /** Why this host cannot have it. */
  readonly unsupported?: string;
}

interface Obstacle {
  readonly path: string;
  readonly type: 'link' | 'file' | 'other';
}

/** The host as the catalog and the ledger see it. */
export interface Observation {
  readonly byAddress: ReadonlyMap<Address, Observed>;
  /** Resources whose state could not be read, with the reason. They are neither converged nor changed. */
  readonly failures: readonly { readonly address: Address; readonly message: string; readonly isPassing?: true }[];
  /** What stands on the way to a path and is no directory: the first of it. */
  obstacleTo(path: string): Obstacle | undefined;
  /** What stands at a path, and the names in a directory; undefined also where that cannot be said. */
  stat(path: string): PathStat | undefined;
  list(path: string): readonly string[] | undefined;
  /** What keeps a path from being replaced or removed. */
  mountAt(path: string): Mount | undefined;
  /** How many names the file at a path has, and its bytes; 0 where there is none. */
  fileAt(path: string): { readonly links: number; readonly size: number };
}

/** Looks at every resource of the catalog and at what the ledger has beyond it. Changes nothing. */
export async function observe(
  resources: readonly CatalogResource[],
  ledger: ReadonlyMap<Address, LastApplied>,
  host: HostReader,
  types: (kind: string) => AnyResourceType,
  signal: AbortSignal,
): Promise<Observation> {
  const byAddress = new Map<Address, Observed>();
  const failures: { address: Address; message: string; isPassing?: true }[] = [];
  const wanted = new Set(resources.map(({ address }) => address));
  const all: Subject[] = resources.map(({ address, kind, desired, digest }) => {
    const last = ledger.get(address);
    return { address, kind, desired, last: last?.desired, hasMoved: last !== undefined && last.digest !== digest };
  });
  for (const last of ledger.values()) {
    const { address, kind, desired } = last;
    const absent = wanted.has(address) ? undefined : prunedOf(last, types(kind));
    if (absent !== undefined)
      all.push({ address, kind, desired: absent, last: desired, hasMoved: last.prune === 'unless-changed' });
  }
  const beside = entriesBeside(resources, types);
  const surveys = surveyor(all, host, types, signal);
  for (const { address, kind, desired, last, hasMoved } of all) {
    signal.throwIfAborted();
    const type = types(kind);
    try {
      const unsupported = type.unsupported?.(desired, host);
      if (unsupported !== undefined) byAddress.set(address, { address, actual: {}, unsupported });
      else {
        const survey = type.survey && (await surveys(type));
        const context = { host, last, beside: beside(type, desired, address), signal, survey };
        const actual = await type.inspect(desired, context);
        const isUnclear = hasMoved && [last, desired].every((each) => type.diff(each, actual).action !== 'none');
        const asApplied = isUnclear && (await inspectAgain(type, last!, context));
        byAddress.set(address, { address, actual, ...(asApplied && { asApplied }) });
      }
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push({ address, message: (error as Error).message, ...(isPassing(error) && { isPassing: true }) });
    }
  }
  const fileAt: Observation['fileAt'] = (path) => {
    const stat = host.stat(path);
    return stat?.type === 'file' ? { links: stat.links, size: stat.size } : { links: 0, size: 0 };
  };
  return {
    byAddress,
    failures,
    obstacleTo: obstacleFinder(host),
    stat: orUnknown(host.stat),
    list: orUnknown(host.list),
    mountAt: (path) => host.mountAt(path),
    fileAt,
  };
}

/** Undefined where what was applied cannot be looked at any more. */
async function inspectAgain(
  type: AnyResourceType,
  last: object,
  context: Parameters<AnyResourceType['inspect']>[1],
): Promise<object | undefined> {
  try {
    return (await type.inspect(last, context)) as object;
  } catch (error) {
    if (context.signal.aborted) throw error;
    return undefined;
  }
}

const orUnknown =
  <T>(look: (path: string) => T): ((path: string) => T | undefined) =>
  (path) => {
    try {
      return look(path);
    } catch {
      return undefined;
    }
  };

interface Subject {
  readonly address: Address;
  readonly kind: string;
  readonly desired: object;
  readonly last: object | undefined;
  /** Git wants something else than what was last applied. */
  readonly hasMoved: boolean;
}

/** By the file in which a resource keeps entries: what others want of theirs in it. */
function entriesBeside(
  resources: readonly CatalogResource[],
  types: (kind: string) => AnyResourceType,
): (type: AnyResourceType, desired: object, address: Address) => readonly object[] {
  const pathOf = ({ entries }: AnyResourceType, desired: object): string | undefined => entries?.of(desired, []).path;
  const byPath = Map.groupBy(resources, ({ kind, desired }) => pathOf(types(kind), desired));
  return (type, desired, address) => {
    const path = pathOf(type, desired);
    const keepers = path === undefined ? [] : (byPath.get(path) ?? []);
    return keepers.filter((keeper) => keeper.address !== address).map((keeper) => keeper.desired);
  };
}

/** One survey per kind, made when it is first asked for, of all that this host can have. */
function surveyor(
  all: readonly Subject[],
  host: HostReader,
  types: (kind: string) => AnyResourceType,
  signal: AbortSignal,
): (type: AnyResourceType) => Promise<unknown> {
  const made = new Map<string, Promise<unknown>>();
  return (type) => {
    const known = made.get(type.kind);
    if (known) return known;
    const own = all.filter(({ kind, desired }) => kind === type.kind && types(kind).unsupported?.(desired, host) === undefined);
    const survey = (async () =>
      type.survey?.(
        own.map(({ desired }) => desired),
        { host, signal },
      ))();
    made.set(type.kind, survey);
    return survey;
  };
}

function obstacleFinder(host: HostReader): (path: string) => Obstacle | undefined {
  const known = new Map<string, Obstacle | undefined>();
  const look = (path: string): Obstacle | undefined => {
    const type = host.stat(path)?.type;
    return type === undefined || type === 'directory' ? undefined : { path, type };
  };
  const find = (directory: string): Obstacle | undefined => {
    if (directory === '/' || directory === '.') return undefined;
    if (!known.has(directory)) known.set(directory, find(dirname(directory)) ?? look(directory));
    return known.get(directory);
  };
  return (path) => find(dirname(path));
}
