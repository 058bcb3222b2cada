import { checkHealth } from '../apply/health.ts';
import type { Catalog } from '../model/catalog.ts';
import { exitCodes } from '../model/exit-code.ts';
import { healthFailure, type Report } from '../model/report.ts';
import type { Asked } from './known-catalog.ts';

/** The report of a check with the roles' health as it is now. Whatever would change, a check that fails is an error. An image has no health. */
export async function withHealth(report: Report, { health }: Catalog, { scope, signal }: Asked): Promise<Report> {
  if (!scope.reader.live) return report;
  const checks = await checkHealth(health, scope.reader, signal);
  const sick = healthFailure(checks);
  if (sick === undefined) return { ...report, health: checks };
  return { ...report, health: checks, outcome: 'error', exit: exitCodes.error.code, summary: `${sick}; ${report.summary}` };
}
