import { isObject } from '../model/json.ts';
import type { Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import { ExitError } from '../model/exit-error.ts';
import { readPlan } from './read-plan.ts';

/** What `plan -o FILE` writes and `apply FILE` reads. */
export interface PlanFile {
  readonly schema: 'reconcile.plan/1';
  /** How the plan was made; it is applied with the same. */
  readonly request: Pick<Request, 'host' | 'root' | 'tags' | 'paranoid'> & {
    /** Directory of the repository. */
    readonly source: string;
  };
  /** The report of the check, for reviewers. Its digest and revision key are what `apply` insists on. */
  readonly report: Report;
}

/** Bytes. */
const largest = 64 * 1024 * 1024;

/** Reads a plan. Throws a usage error for anything that is none. */
export function readPlanFile(file: string): PlanFile & { readonly report: Report & { readonly planDigest: string } } {
  const hint = 'reconcile plan -o FILE writes one';
  const plan = readPlan(file, largest, hint);
  const isOfFleet = isObject(plan) && plan['schema'] === 'reconcile.fleet-plan/1';
  if (isOfFleet) throw new ExitError('usage', `${file} is the plan of a fleet`, `did you mean reconcile fleet apply ${file}?`);
  if (!isPlanFile(plan)) throw new ExitError('usage', `${file} is not a plan`, hint);
  return plan;
}

function isPlanFile(value: unknown): value is PlanFile & { readonly report: Report & { readonly planDigest: string } } {
  if (!isObject(value) || value['schema'] !== 'reconcile.plan/1') return false;
  const { request, report } = value;
  if (!isObject(request) || !isObject(report) || !isObject(report['revision'])) return false;
  const isOptionalText = (member: unknown): boolean => member === undefined || typeof member === 'string';
  return (
    typeof request['source'] === 'string' &&
    isOptionalText(request['host']) &&
    isOptionalText(request['root']) &&
    Array.isArray(request['tags']) &&
    request['tags'].every((tag) => typeof tag === 'string') &&
    typeof request['paranoid'] === 'boolean' &&
    typeof report['planDigest'] === 'string' &&
    Array.isArray(report['steps']) &&
    report['steps'].every(isObject) &&
    typeof report['revision']['key'] === 'string'
  );
}
