import { posix } from 'node:path';
import { isDone, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { compileGlobs } from './glob.ts';
import { placeOf, type JudgeInput } from './judge-input.ts';

/** What no configuration may write: the program's own state and host policy, and the kernel's file systems. */
const ownDirectory = '/etc/timmy-reconciler';
const kernelDirectories = ['/proc', '/sys', '/dev'];

/** No step may write or remove a protected path, or one outside what the host policy allows. One problem per step and rule. */
export function judgeProtectedPaths(input: JudgeInput): readonly Problem[] {
  const { plan, policy, hostPolicy, stateDirectory, policyAt: at } = input;
  const own = compileGlobs(policy.protected_paths, { name: 'protected_paths', path: ['protected_paths'], at });
  const deny = compileGlobs(hostPolicy.paths.deny, { name: 'host policy paths.deny', path: [] });
  const allow = compileGlobs(hostPolicy.paths.allow, { name: 'host policy paths.allow', path: [] });
  const builtIn = [ownDirectory, posix.normalize(stateDirectory).replace(/(.)\/$/, '$1'), ...kernelDirectories];
  const ask = 'only the owner of the host can change this in host.yaml';

  const rules: readonly { readonly hint: string; readonly reason: (path: string, step: Step) => string | undefined }[] = [
    {
      hint: 'no configuration can manage it',
      reason(path, { diff }) {
        const destroys = diff.action === 'remove' || diff.action === 'replace';
        const denied = builtIn.find((base) => isBelow(path, base) || (destroys && isBelow(base, path)));
        return denied && `belongs to ${kernelDirectories.includes(denied) ? 'the kernel' : 'timmy-reconciler'} (${denied})`;
      },
    },
    {
      hint: 'leave it out, or change protected_paths in desired-state/policy.yaml',
      reason: (path) => said(own.match(path), (glob) => `is protected by protected_paths (${glob})`),
    },
    { hint: ask, reason: (path) => said(deny.match(path), (glob) => `is denied by the host policy (${glob})`) },
    { hint: ask, reason: (path) => (allow.match(path) === undefined ? 'is outside paths.allow of the host policy' : undefined) },
  ];
  const found = [...own.problems, ...deny.problems, ...allow.problems];
  for (const step of plan.steps.filter(isDone)) {
    const paths = input.pathsOf(step).map((path) => posix.normalize(path).replace(/(.)\/$/, '$1'));
    for (const { hint, reason } of rules) {
      const hits = paths.flatMap((path) => said(reason(path, step), (text) => [`${path} ${text}`]) ?? []);
      if (hits[0] === undefined) continue;
      const more = hits.length > 1 ? `, and ${hits.length - 1} more paths` : '';
      found.push({ code: 'protected-path', message: `${hits[0]}${more}`, ...placeOf(step), hint });
    }
  }
  return found;
}

const isBelow = (path: string, base: string): boolean => path === base || path.startsWith(base === '/' ? '/' : `${base}/`);

function said<A, B>(value: A | undefined, tell: (value: A) => B): B | undefined {
  return value === undefined ? undefined : tell(value);
}
