import { isDone, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { runFor } from '../model/time-limit.ts';
import { compileGlobs } from './glob.ts';
import { placeOf, type JudgeInput } from './judge-input.ts';
import { isBelow, plainPath } from './path-rules.ts';

/** What no configuration may write: the program's own state and host policy, and the kernel's file systems. */
const ownDirectory = '/etc/timmy-reconciler';
/** Milliseconds. */
const longestMatch = 5_000;
const kernelDirectories = ['/proc', '/sys', '/dev'];

/** No step may write or remove a protected path, or one outside what the host policy allows. One problem per step and rule. */
export function judgeProtectedPaths(input: JudgeInput): readonly Problem[] {
  const { plan, policy, hostPolicy, stateDirectory, policyAt: at } = input;
  const entries = policy.protected_paths.map((entry) => (typeof entry === 'string' ? { path: entry, except: [] } : entry));
  const own = compileGlobs(
    entries.map((entry) => entry.path),
    { name: 'protected_paths', path: ['protected_paths'], ofPaths: true, below: true, at },
  );
  const deny = compileGlobs(hostPolicy.paths.deny, { name: 'host policy paths.deny', path: [], ofPaths: true, below: true });
  const allow = compileGlobs(hostPolicy.paths.allow, { name: 'host policy paths.allow', path: [], ofPaths: true });
  const builtIn = [ownDirectory, plainPath(stateDirectory), ...kernelDirectories];
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
      reason: (path, { resource: { kind } }) =>
        said(
          own.match(path, (index) => entries[index]?.except.includes(kind) !== true),
          (glob) => `is protected by protected_paths (${glob})`,
        ),
    },
    { hint: ask, reason: (path) => said(deny.match(path), (glob) => `is denied by the host policy (${glob})`) },
    { hint: ask, reason: (path) => (allow.match(path) === undefined ? 'is outside paths.allow of the host policy' : undefined) },
  ];
  const found = [...own.problems, ...deny.problems, ...allow.problems];
  const judgeStep = (step: Step): readonly Problem[] => {
    const paths = [...new Set([...input.pathsOf(step), ...input.writesOf(step)].map(plainPath))];
    return rules.flatMap(({ hint, reason }): Problem[] => {
      const hits = paths.flatMap((path) => said(reason(path, step), (text) => [`${path} ${text}`]) ?? []);
      const more = hits.length > 1 ? `, and ${hits.length - 1} more paths` : '';
      return hits[0] === undefined ? [] : [{ code: 'protected-path', message: `${hits[0]}${more}`, ...placeOf(step), hint }];
    });
  };
  const steps = plan.steps.filter(isDone);
  const judged = steps.length === 0 ? { value: [] } : runFor(longestMatch, () => steps.flatMap(judgeStep));
  if (judged) return [...found, ...judged.value];
  const message = `matching paths with the globs of the policies takes longer than ${longestMatch / 1000} s`;
  return [...found, { code: 'protected-path', message, hint: 'use fewer "*" in protected_paths' }];
}

function said<A, B>(value: A | undefined, tell: (value: A) => B): B | undefined {
  return value === undefined ? undefined : tell(value);
}
