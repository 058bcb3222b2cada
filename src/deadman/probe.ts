import type { Observation } from './step.ts';

/** What one probe found. `reason`: for people, where it is not healthy. */
export interface Finding {
  readonly verdict: Observation['verdict'];
  readonly reason?: string;
}

const order = ['dead', 'blind', 'alive', 'healthy'] as const;

/** One sign of death is enough; who did not see everything does not say that all is well. */
export function combine(findings: readonly Finding[]): {
  readonly verdict: Observation['verdict'];
  readonly reasons: readonly string[];
} {
  const verdict = order.find((each) => findings.some((finding) => finding.verdict === each)) ?? 'blind';
  return { verdict, reasons: findings.flatMap(({ reason }) => (reason === undefined ? [] : [reason])) };
}
