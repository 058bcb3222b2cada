import type { HostPolicyDocument } from '../model/host-policy-document.ts';
import { isDone } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { compileGlobs } from './glob.ts';
import { placeOf, type JudgeInput } from './judge-input.ts';

/** A unit that something in the configuration wants to change, start or stop. */
export interface WantedUnit extends Pick<Problem, 'address' | 'at'> {
  readonly unit: string;
}

/** Every unit of a step must be allowed by the host policy. */
export const judgeUnits = (input: JudgeInput): readonly Problem[] =>
  judgeWantedUnits(
    input.plan.steps.filter(isDone).flatMap((step) => input.unitsOf(step).map((unit) => ({ unit, ...placeOf(step) }))),
    input.hostPolicy,
  );

/** The same for units that may be refreshed without a step. */
export function judgeWantedUnits(wanted: readonly WantedUnit[], { units }: HostPolicyDocument): readonly Problem[] {
  const allow = compileGlobs(units.allow, { name: 'host policy units.allow', path: [] });
  const denied = wanted.filter(({ unit }) => allow.match(unit) === undefined);
  const byPlace = new Map(denied.map((each) => [JSON.stringify([each.address, each.unit]), each]));
  return [
    ...allow.problems,
    ...[...byPlace.values()].map(({ unit, ...place }) => ({
      code: 'command-denied' as const,
      message: `the host policy does not allow the unit ${unit}`,
      ...place,
      hint: 'only the owner of the host can add it to units.allow in host.yaml',
    })),
  ];
}
