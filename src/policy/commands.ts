import { posix } from 'node:path';
import type { Problem } from '../model/problem.ts';
import { compileGlobs } from './glob.ts';
import { isPending, placeOf, type JudgeInput } from './judge-input.ts';

/** Every program that a step would run must be allowed by the host policy. */
export function judgeCommands(input: JudgeInput): readonly Problem[] {
  const { plan, hostPolicy } = input;
  const allow = compileGlobs(hostPolicy.commands.allow, { name: 'host policy commands.allow', path: [] });
  const isOpen = hostPolicy.commands.allow.includes('**');
  const found = [...allow.problems];
  if (isOpen) return found;
  for (const step of plan.steps.filter(isPending)) {
    for (const program of new Set(input.commandsOf(step))) {
      // A relative path depends on the directory it runs in, so that no glob can vouch for it.
      const isRelative = program.includes('/') && !program.startsWith('/');
      if (!isRelative && allow.match(posix.normalize(program)) !== undefined) continue;
      found.push({
        code: 'command-denied',
        message: `the host policy does not allow ${JSON.stringify(program.slice(0, 200))}`,
        ...placeOf(step),
        hint: isRelative
          ? 'name it by its absolute path'
          : 'only the owner of the host can add it to commands.allow in host.yaml',
      });
    }
  }
  return found;
}
