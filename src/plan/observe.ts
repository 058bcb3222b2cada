import { dirname } from 'node:path/posix';
import type { HostReader } from '../host/host.ts';
import type { Address, CatalogResource } from '../model/catalog.ts';
import type { LastApplied } from '../model/last-applied.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';

/** One resource as it stands on the host. */
export interface Observed {
  readonly address: Address;
  readonly actual: object;
  /** Why this host cannot have it. */
  readonly unsupported?: string;
}

/** The host as the catalog and the ledger see it. */
export interface Observation {
  readonly byAddress: ReadonlyMap<Address, Observed>;
  /** Resources whose state could not be read, with the reason. They are neither converged nor changed. */
  readonly failures: readonly { readonly address: Address; readonly message: string }[];
  /** Whether a path, or a directory on the way to it, is a symbolic link. */
  linkOnTheWay(path: string): string | undefined;
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
  const failures: { address: Address; message: string }[] = [];
  const look = async (address: Address, kind: string, desired: object, last: object | undefined): Promise<void> => {
    signal.throwIfAborted();
    const type = types(kind);
    try {
      const unsupported = type.unsupported?.(desired, host);
      if (unsupported !== undefined) byAddress.set(address, { address, actual: {}, unsupported });
      else byAddress.set(address, { address, actual: await type.inspect(desired, { host, last, signal }) });
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push({ address, message: (error as Error).message });
    }
  };
  for (const { address, kind, desired } of resources) await look(address, kind, desired, ledger.get(address)?.desired);
  const wanted = new Set(resources.map(({ address }) => address));
  for (const { address, kind, desired } of ledger.values()) {
    const absent = types(kind).absent?.(desired);
    if (!wanted.has(address) && absent !== undefined) await look(address, kind, absent, desired);
  }
  return { byAddress, failures, linkOnTheWay: linkFinder(host) };
}

function linkFinder(host: HostReader): (path: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  const find = (directory: string): string | undefined => {
    if (directory === '/' || directory === '.') return undefined;
    if (!known.has(directory))
      known.set(directory, find(dirname(directory)) ?? (host.stat(directory)?.type === 'link' ? directory : undefined));
    return known.get(directory);
  };
  return (path) => find(dirname(path));
}
