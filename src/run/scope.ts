import { lstatSync } from 'node:fs';
import { machineNames, readFacts } from '../host/facts.ts';
import type { HostReader } from '../host/host.ts';
import { hostPolicyFile } from '../host/host-policy-file.ts';
import { openLocalReader } from '../host/local-reader.ts';
import { canonicalJson, type JsonObject } from '../model/json.ts';
import type { Head } from '../model/revision.ts';
import { version } from '../model/version.ts';
import type { Request } from '../model/request.ts';
import { stateDirectory } from '../state/state-directory.ts';

/** Where a run works, and as whom: everything beside the sources' contents that decides what the catalog will be. */
export interface Scope {
  readonly stateDirectory: string;
  readonly reader: HostReader;
  readonly facts: JsonObject;
  /** The host of the inventory that was asked for with `--host`. */
  readonly askedHost: string | undefined;
  /** Names under which this machine may stand in the inventory, the preferred one first. */
  readonly machineNames: readonly string[];
  readonly head: Head;
  /** All of it as one text, the commit first; equal texts and equal sources compile to equal catalogs. */
  readonly environment: string;
}

/** Which files are the identities; what they hold is among the sources. */
const identityVariables = ['RECONCILE_AGE_KEY_FILE', 'RECONCILE_VAULT_PASSWORD_FILE', 'ANSIBLE_VAULT_PASSWORD_FILE'];

/** Looks at the machine and at which revision the source has, but at nothing of what it holds. */
export function openScope(request: Pick<Request, 'source' | 'host' | 'root'>): Scope {
  const { source, host, root } = request;
  const reader = openLocalReader({ root });
  const facts = readFacts(reader);
  const names = machineNames();
  const identities = identityVariables.map((name) => process.env[name] ?? null);
  const head = source.head();
  const rest = canonicalJson({
    source: source.identity,
    host: host ?? names,
    root: root ?? null,
    facts,
    identities,
    policy: fileSignature(hostPolicyFile()),
    version,
  });
  const environment = `${head.commit ?? '-'} ${rest}`;
  return { stateDirectory: stateDirectory(root), reader, facts, askedHost: host, machineNames: names, head, environment };
}

/** Whether two environments differ in nothing but the commit. */
export const areAlike = (one: string, other: string): boolean => withoutCommit(one) === withoutCommit(other);

const withoutCommit = (environment: string): string => environment.slice(environment.indexOf(' '));

/** Changes whenever the file is written; null where there is none. */
export function fileSignature(file: string): string | null {
  const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.mode}` : null;
}
