import { isDone } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { compileGlobs } from './glob.ts';
import { placeOf, type JudgeInput } from './judge-input.ts';

/** Every package that a step would change must be allowed by the host policy, and removing one must be. */
export function judgePackages({ plan, hostPolicy: { packages }, packagesOf }: JudgeInput): readonly Problem[] {
  const allow = compileGlobs(packages.allow, { name: 'host policy packages.allow', path: [] });
  const denied = plan.steps.filter(isDone).flatMap((step) =>
    packagesOf(step).flatMap(({ name, isRemoved }): Problem[] => {
      const isKept = isRemoved && packages.remove === 'never';
      if (!isKept && allow.match(name) !== undefined) return [];
      const key = isKept ? 'packages.remove' : 'packages.allow';
      const message = `the host policy does not allow to ${isRemoved ? 'remove' : 'install'} the package "${name}"`;
      return [
        { code: 'command-denied', message, ...placeOf(step), hint: `only the owner of the host can change ${key} in host.yaml` },
      ];
    }),
  );
  return [...allow.problems, ...denied];
}
