import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPolicyFile } from '../host/host-policy-file.ts';
import { isObject } from '../model/json.ts';
import { fileSignature } from '../run/scope.ts';
import { writeDurably } from '../state/durable-file.ts';
import { makeStateDirectory } from '../state/state-directory.ts';

/**
 * The name that the host policy gives to this host; null where it gives none, or cannot be read. What it said last is kept beside
 * the state, for to read YAML takes longer than all that a host does on which nothing has moved.
 */
export async function readHostName(stateDirectory: string): Promise<string | null> {
  const signature = fileSignature(hostPolicyFile());
  if (signature === null) return null;
  const file = join(stateDirectory, 'host-name.json');
  const known = readKnown(file);
  if (known?.signature === signature) return known.host;
  const { loadHostPolicy } = await import('../host/host-policy.ts');
  const { policy, problems } = loadHostPolicy();
  const host = policy.host ?? null;
  if (problems.length > 0) return null;
  makeStateDirectory(stateDirectory);
  writeDurably(file, JSON.stringify({ signature, host }));
  return host;
}

function readKnown(file: string): { readonly signature: unknown; readonly host: string | null } | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isObject(value)) return undefined;
    const { signature, host } = value;
    return host === null || typeof host === 'string' ? { signature, host } : undefined;
  } catch {
    // Absent or cut short: the policy says it again.
    return undefined;
  }
}
