import { readFileSync, statSync } from 'node:fs';
import { isObject } from '../model/json.ts';
import type { Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import { cliError } from './cli-error.ts';

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

const largest = 64 * 1024 * 1024;

/** Reads a plan. Throws a usage error for anything that is none. */
export function readPlanFile(file: string): PlanFile & { readonly report: Report & { readonly planDigest: string } } {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile()) throw cliError('usage', `no such file: ${file}`, 'reconcile plan -o FILE writes one');
  if (found.size > largest) throw cliError('usage', `${file} is too large to be a plan`);
  const plan = parse(readFileSync(file, 'utf8'));
  const isOfFleet = isObject(plan) && plan['schema'] === 'reconcile.fleet-plan/1';
  if (isOfFleet) throw cliError('usage', `${file} is the plan of a fleet`, `did you mean reconcile fleet apply ${file}?`);
  if (!isPlanFile(plan)) throw cliError('usage', `${file} is not a plan`, 'reconcile plan -o FILE writes one');
  return plan;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
