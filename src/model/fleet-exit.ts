import type { HostOutcome, HostVerdict } from './fleet.ts';

/** What one host adds to the exit code of a fleet command; the worst verdict stands first. README.md explains it. */
const exits = {
  rollbackIncomplete: 8,
  rolledBack: 6,
  error: 1,
  missing: 1,
  garbled: 1,
  usage: 1,
  invalid: 65,
  refused: 7,
  untrusted: 7,
  busy: 5,
  unreachable: 3,
  denied: 3,
  slow: 3,
  conflict: 4,
  upstreamPending: 2,
  driftOnly: 3,
  halted: 0,
  converged: 0,
} as const satisfies Record<HostVerdict, number>;

/** Every verdict, the worst first. */
export const hostVerdicts = Object.keys(exits) as [HostVerdict, ...HostVerdict[]];

/** 0 for the worst verdict; the higher, the better. */
export const verdictRank = (verdict: HostVerdict): number => hostVerdicts.indexOf(verdict);

/** The exit code of a fleet command: the one of the host that is worst off; 0 without hosts. */
export function fleetExit(hosts: readonly Pick<HostOutcome, 'verdict'>[]): number {
  const worst = Math.min(...hosts.map(({ verdict }) => verdictRank(verdict)), hostVerdicts.length - 1);
  return exits[hostVerdicts[worst]!];
}
