import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetReport, HostVerdict } from '../model/fleet.ts';
import { sha256 } from '../model/json.ts';
import { fleetReportSchema } from '../report/fleet-report-schema.ts';
import { writeDurably } from '../state/durable-file.ts';
import { FleetError } from './fleet-error.ts';

/** Verdicts of hosts with which nothing is wrong, though they may differ from the repository. */
const fine: readonly HostVerdict[] = ['converged', 'upstreamPending', 'driftOnly', 'conflict'];

/** Keeps the report as the last one of this repository. Diffs are left out: they are of no use for trying again. */
export function saveReport(memory: string, repository: string, report: FleetReport): void {
  const hosts = report.hosts.map(({ report: _report, status: _status, output: _output, ...outcome }) => outcome);
  writeDurably(fileOf(memory, repository), JSON.stringify({ ...report, hosts }));
}

/** Names of the hosts that the last fleet command on this repository left undone or broken. */
export function failedHosts(memory: string, repository: string): ReadonlySet<string> {
  let text: string;
  try {
    text = readFileSync(fileOf(memory, repository), 'utf8');
  } catch {
    throw new FleetError('usage', 'no fleet command has run on this repository before', 'leave --retry-failed out');
  }
  const { hosts } = fleetReportSchema.parse(JSON.parse(text));
  return new Set(hosts.filter(({ verdict }) => !fine.includes(verdict)).map(({ host }) => host));
}

const fileOf = (memory: string, repository: string): string => join(memory, `last-${sha256(repository).slice(0, 16)}.json`);
