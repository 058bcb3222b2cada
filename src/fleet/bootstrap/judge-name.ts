import type { Finding } from '../../model/fleet.ts';
import { printableLine } from '../../report/printable.ts';
import { readYaml } from '../../source/yaml.ts';

/**
 * Why a machine is not the host that was meant, by the host policy that stands there: an address may be wrong, and one host's secrets
 * are not for another. Undefined where it says nothing else. Nothing was changed yet.
 */
export function judgeName(host: string, policy: Buffer | undefined): Finding | undefined {
  const said: unknown = policy && readYaml('host.yaml', policy).loaded?.value;
  const named = typeof said === 'object' && said !== null && 'host' in said ? said.host : undefined;
  if (typeof named !== 'string' || named === host) return undefined;
  return {
    verdict: 'refused',
    message: `this machine is ${printableLine(named).slice(0, 100)}, not ${host}; nothing was changed`,
    hint: 'its host policy says so: check its address in the inventory; was it renamed, change host: in its /etc/timmy-reconciler/host.yaml',
  };
}

/** Whether an agent that calls itself `named` is that of the host; without a host policy that names it, it has the machine's own name. */
export const isNameOf = (host: string, named: string): boolean => named === host || named.split('.')[0] === host;
