import * as z from 'zod';
import type { FleetReport } from '../model/fleet.ts';
import { isPostponed } from '../model/report.ts';
import { fleetReportSchema } from '../report/fleet-report-schema.ts';
import { ExitError } from '../model/exit-error.ts';
import { writeOutFile } from './out-file.ts';
import { readPlan } from './read-plan.ts';

/** What `fleet check --out FILE` writes and `fleet apply FILE` reads: the report that people reviewed. */
interface FleetPlan {
  readonly commit: string;
  readonly tags: readonly string[];
  /** Names of the hosts that were looked at; some may have no plan. */
  readonly hosts: ReadonlySet<string>;
  /** By host, the digest of the plan that was shown. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Bytes. */
const largest = 512 * 1024 * 1024;

const planSchema = z.object({
  schema: z.literal('reconcile.fleet-plan/1'),
  tags: z.array(z.string()),
  report: fleetReportSchema,
});

/** Keeps what was shown; how many hosts have a plan in it. */
export function writeFleetPlan(file: string, report: FleetReport, tags: readonly string[]): number {
  writeOutFile(file, `${textOf({ schema: 'reconcile.fleet-plan/1', tags, report })}\n`);
  return digestsOf(report).size;
}

function textOf(plan: object): string {
  try {
    return JSON.stringify(plan, null, 2);
  } catch (error) {
    // Longer than a string can be, and than what is read.
    throw new ExitError('error', 'the plans of all these hosts are too much for one file', 'make one of fewer: --limit', error);
  }
}

/** Reads such a file. Throws a usage error for anything else. */
export function readFleetPlan(file: string): FleetPlan {
  const hint = 'reconcile fleet check --out FILE writes one';
  const { data } = planSchema.safeParse(readPlan(file, largest, hint));
  const revision = data?.report.revision;
  if (!data || !revision) throw new ExitError('usage', `${file} is not the plan of a fleet`, hint);
  const { report, tags } = data;
  return {
    commit: revision.commit,
    tags,
    hosts: new Set(report.hosts.map(({ host }) => host)),
    digests: digestsOf(report),
  };
}

/** Of plans that can be applied as they are: an approval is what applying one gives. */
const digestsOf = ({ hosts }: FleetReport): ReadonlyMap<string, string> =>
  new Map(
    hosts.flatMap(({ host, report }) => {
      if (!report || report.planDigest === null) return [];
      const isRefused = (report.outcome === 'refused' || report.outcome === 'invalid') && !isPostponed(report);
      return isRefused ? [] : [[host, report.planDigest]];
    }),
  );
