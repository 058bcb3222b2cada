import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPolicyFile } from '../host/host-policy-file.ts';
import type { TrustPolicy } from '../model/host-policy-document.ts';
import { isObject } from '../model/json.ts';
import type { WithProblems } from '../model/located.ts';
import { version } from '../model/version.ts';
import { fileSignature } from '../run/scope.ts';
import { writeDurably } from '../state/durable-file.ts';
import { makeStateDirectory } from '../state/state-directory.ts';

/** What a visit must know of the host policy. With problems nothing may be applied. */
export interface VisitPolicy extends WithProblems {
  /** The name that it gives to this host; null where it gives none. */
  readonly host: string | null;
  readonly trust: TrustPolicy;
}

/**
 * What the host policy said last is kept beside the state, for to read YAML takes longer than all that a host does on which little
 * has moved.
 */
export async function readVisitPolicy(stateDirectory: string): Promise<VisitPolicy> {
  const about = signature();
  const file = join(stateDirectory, 'visit-policy.json');
  const known = about === undefined ? undefined : readKnown(file, about);
  if (known) return { ...known, problems: [] };
  const { loadHostPolicy } = await import('../host/host-policy.ts');
  const { policy, problems } = loadHostPolicy();
  const { host = null, trust } = policy;
  if (problems.length > 0) return { host: null, trust, problems };
  makeStateDirectory(stateDirectory);
  // Written meanwhile, it is read again.
  if (about !== undefined && about === signature()) keep(file, JSON.stringify({ about, host, trust }));
  return { host, trust, problems };
}

/** Without it the next visit takes longer. */
function keep(file: string, text: string): void {
  try {
    writeDurably(file, text);
  } catch {
    // A full disk, or another visit that writes the same at this moment.
  }
}

/** Changes with the host policy and with the program that reads it; undefined where it has to be there and is not. */
function signature(): string | undefined {
  const found = fileSignature(hostPolicyFile());
  return found === null && process.env['RECONCILE_HOST_POLICY'] ? undefined : `${version} ${found ?? 'none'}`;
}

function readKnown(file: string, about: string): Pick<VisitPolicy, 'host' | 'trust'> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isObject(value) || value['about'] !== about || !isObject(value['trust'])) return undefined;
    return { host: value['host'] as string | null, trust: value['trust'] as TrustPolicy };
  } catch {
    // Absent or cut short: the policy says it again.
    return undefined;
  }
}
