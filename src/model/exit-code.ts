/** Every exit code of every command. The table in README.md is generated from this one. */
export const exitCodes = {
  converged: { code: 0, meaning: 'Converged, or applied and verified.' },
  error: { code: 1, meaning: 'An error that nobody expected, or no remote that gave its revision.' },
  upstreamPending: { code: 2, meaning: '`--check`: changes from the repository are pending.' },
  driftOnly: { code: 3, meaning: '`--check`: only local drift.' },
  conflict: { code: 4, meaning: '`--check`: both, or a conflict.' },
  busy: { code: 5, meaning: 'Another run holds the lock, a change waits for its confirmation, or the host is suspended.' },
  rolledBack: { code: 6, meaning: 'Apply failed and was rolled back.' },
  refused: { code: 7, meaning: 'Refused by policy or signature; nothing written.' },
  rollbackIncomplete: { code: 8, meaning: 'Apply failed and the rollback is incomplete.' },
  usage: { code: 64, meaning: 'Wrong usage of the command line.' },
  invalid: { code: 65, meaning: 'Invalid documents; every problem is listed as file:line:column.' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

export type ExitName = keyof typeof exitCodes;
export const exitNames = Object.keys(exitCodes) as [ExitName, ...ExitName[]];
