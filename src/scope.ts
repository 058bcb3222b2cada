import { lstatSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readFacts } from './host/facts.ts';
import type { HostReader } from './host/host.ts';
import { hostPolicyFile } from './host/host-policy-file.ts';
import { openLocalReader } from './host/local-reader.ts';
import { canonicalJson, type JsonObject } from './model/json.ts';
import { version } from './model/version.ts';
import type { Request } from './pipeline.ts';
import { stateDirectory } from './state/state-directory.ts';

/** Where a run works, and as whom: everything beside the sources that decides what the catalog will be. */
export interface Scope {
  readonly stateDirectory: string;
  readonly reader: HostReader;
  readonly facts: JsonObject;
  /** Names under which this machine may stand in the inventory, the preferred one first. */
  readonly names: readonly string[];
  /** All of it as one text; equal texts and equal sources compile to equal catalogs. */
  readonly environment: string;
}

const keyFileVariables = ['RECONCILE_AGE_KEY_FILE', 'RECONCILE_VAULT_PASSWORD_FILE', 'ANSIBLE_VAULT_PASSWORD_FILE'];

export function openScope(request: Pick<Request, 'source' | 'host' | 'root'>): Scope {
  const { source, host, root } = request;
  const reader = openLocalReader(root === undefined ? {} : { root });
  const facts = readFacts(reader);
  const names = host === undefined ? [hostname(), hostname().split('.')[0] ?? ''] : [host];
  const policyFile = hostPolicyFile();
  const files = [policyFile, join(dirname(policyFile), 'age.key'), ...keyFileVariables.map((name) => process.env[name])];
  const signatures = files.map(fileSignature);
  const environment = canonicalJson({ source: resolve(source), names, root: root ?? null, facts, signatures, version });
  return { stateDirectory: stateDirectory(root), reader, facts, names, environment };
}

function fileSignature(file: string | undefined): string | null {
  const stat = file ? lstatSync(file, { bigint: true, throwIfNoEntry: false }) : undefined;
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.mode}` : null;
}
