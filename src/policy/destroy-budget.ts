import { isDone, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { placeOf, type JudgeInput } from './judge-input.ts';

/**
 * How much one run may delete: files and other things by count, resources that left git by percent of the ledger, each by the lower
 * limit of the two policies. One resource may always go, unless a limit is 0. An empty catalog is refused whatever the limits.
 */
export function judgeDestroyBudget(input: JudgeInput): readonly Problem[] {
  const { plan, policy, hostPolicy, catalogSize, ledgerSize } = input;
  const found: Problem[] = [];
  if (ledgerSize > 0 && !policy.allow_empty && catalogSize === 0) {
    found.push({
      code: 'empty-catalog',
      message: `nothing is desired for ${plan.host} any more, but ${ledgerSize} resources were applied here`,
      hint: 'check site.yaml and the inventory; set allow_empty in desired-state/policy.yaml if it is meant',
    });
  }

  const own = policy.destroy;
  const hosts = hostPolicy.destroy ?? { max_delete: Infinity, max_delete_percent: 100 };
  const pending = plan.steps.filter(isDone);
  const deletions = pending.map((step) => deletionsIn(step, input.pathsOf(step)));
  const count = deletions.reduce((sum, each) => sum + each, 0);
  // What git says must be absent is meant; what merely left git may be a mistake.
  const removed = pending.filter(({ cause, diff }) => cause === 'orphan' && diff.action === 'remove').length;
  const largest = pending[deletions.indexOf(Math.max(0, ...deletions))];
  const at = count > 0 && largest ? placeOf(largest).at : undefined;
  const place = at ? { at } : {};

  const maxCount = Math.min(own.max_delete, hosts.max_delete);
  if (count > maxCount) {
    const hint = raise('max_delete', hosts.max_delete < own.max_delete);
    found.push({
      code: 'destroy-budget',
      message: `the plan deletes ${count} ${count === 1 ? 'thing' : 'things'}, ${maxCount} are allowed in one run`,
      ...place,
      hint,
    });
  }
  const percent = Math.min(own.max_delete_percent, hosts.max_delete_percent);
  const maxShare = percent === 0 ? 0 : Math.max(1, Math.floor((ledgerSize * percent) / 100));
  if (removed > maxShare) {
    const hint = raise('max_delete_percent', hosts.max_delete_percent < own.max_delete_percent);
    const message = `the plan removes ${removed} of ${ledgerSize} resources, ${maxShare} (${percent} %) are allowed in one run`;
    found.push({ code: 'destroy-budget', message, ...place, hint });
  }
  return found;
}

const raise = (key: string, isHosts: boolean): string =>
  isHosts
    ? `delete less, or let the owner of the host raise destroy.${key} in host.yaml`
    : `delete less, or raise destroy.${key} in desired-state/policy.yaml`;

/**
 * A removed resource counts with all its paths, another one with the paths below it that become absent. Directories of a
 * tree, whose paths end with a slash, go with their files and do not count.
 */
function deletionsIn({ diff, resource }: Step, touchedPaths: readonly string[]): number {
  const paths = touchedPaths.filter((path) => !path.endsWith('/'));
  if (diff.action === 'none') return 0;
  if (diff.action === 'remove') return Math.max(1, paths.length);
  const gone = diff.changes.filter(({ from, to }) => to === null && from !== null);
  if (gone.length === 0) return 0;
  const touched = new Set(paths);
  const parent = resource.id.replace(/\/+$/, '');
  return gone.filter(({ field }) => touched.has(field) || touched.has(`${parent}/${field}`)).length;
}
