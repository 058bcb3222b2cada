import { posix } from 'node:path';
import type { HostPolicyDocument } from '../model/host-policy-document.ts';
import { isDone } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { compileGlobs } from './glob.ts';
import { placeOf, type JudgeInput } from './judge-input.ts';

/** A program that something in the configuration wants to run. */
export interface WantedProgram extends Pick<Problem, 'address' | 'at'> {
  readonly program: string;
}

/** Every program that a step would run must be allowed by the host policy. */
export const judgeCommands = (input: JudgeInput): readonly Problem[] =>
  judgePrograms(
    input.plan.steps.filter(isDone).flatMap((step) => input.commandsOf(step).map((program) => ({ program, ...placeOf(step) }))),
    input.hostPolicy,
  );

/** The same for programs that are run without a step: guards, refreshes, health checks. */
export function judgePrograms(wanted: readonly WantedProgram[], { commands }: HostPolicyDocument): readonly Problem[] {
  const allow = compileGlobs(commands.allow, { name: 'host policy commands.allow', path: [] });
  if (commands.allow.includes('**')) return allow.problems;
  const denied = wanted.filter(({ program }) => isRelative(program) || allow.match(posix.normalize(program)) === undefined);
  const byPlace = new Map(denied.map((each) => [JSON.stringify([each.address, each.program]), each]));
  return [
    ...allow.problems,
    ...[...byPlace.values()].map(({ program, ...place }) => ({
      code: 'command-denied' as const,
      message: `the host policy does not allow ${JSON.stringify(program.slice(0, 200))}`,
      ...place,
      hint: isRelative(program)
        ? 'name it by its absolute path'
        : 'only the owner of the host can add it to commands.allow in host.yaml',
    })),
  ];
}

/** A relative path depends on the directory it runs in, so that no glob can vouch for it. */
const isRelative = (program: string): boolean => program.includes('/') && !program.startsWith('/');
