import { listed } from '../model/listed.ts';
import { nearest } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';
import type { Inventory } from './inventory.ts';

/** Who this machine may be, by descending weight. */
export interface HostNames {
  /** Asked for with `--host`: then nothing else counts. */
  readonly asked: string | undefined;
  /** `host` of the host policy. Who is not in the inventory any more must not become who has the name of the machine. */
  readonly own: string | undefined;
  /** What the machine calls itself. */
  readonly machine: readonly string[];
}

/** The host of the inventory that this machine is. Where there is none, the name that was looked for first, and the problem. */
export function chooseHost(
  { hosts }: Pick<Inventory, 'hosts'>,
  { asked, own, machine }: HostNames,
): { readonly host: string; readonly problems: readonly Problem[] } {
  const given = asked ?? own;
  const names = given === undefined ? machine : [given];
  const host = names.find((name) => hosts.includes(name));
  if (host !== undefined) return { host, problems: [] };
  const [wanted = ''] = names;
  const problem = unknownHost(wanted, hosts);
  const hint = 'the host policy says that this is its host: correct one of them, or choose another with --host';
  return { host: wanted, problems: [asked === undefined && own !== undefined ? { ...problem, hint } : problem] };
}

/** With the names that there are, and the nearest. */
export function unknownHost(host: string, hosts: readonly string[]): Problem {
  const near = hosts.find((name) => name.startsWith(`${host}.`)) ?? nearest(host, hosts);
  const known = listed(hosts) || 'none';
  return {
    code: 'unknown-host',
    message: `the inventory has no host "${host}" (it has: ${known})`,
    hint: near === undefined ? 'choose one with --host' : `did you mean --host ${near}?`,
  };
}
