import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { FleetAction, FleetReport, HostVerdict } from '../model/fleet.ts';
import { sha256 } from '../model/json.ts';
import { keepDurably } from '../state/durable-file.ts';
import { ExitError } from '../model/exit-error.ts';

/** Verdicts of hosts with which nothing is wrong, though they may differ from the repository. */
const fine: readonly HostVerdict[] = ['converged', 'upstreamPending', 'driftOnly', 'conflict'];
/** The others leave every host as it was. */
const changing: readonly FleetAction[] = ['push', 'apply', 'bootstrap'];

/** Keeps in mind that none of these hosts is done yet, before the first is touched: a command that is killed tells nobody. */
export function noteBegun(memory: string, repository: string, action: FleetAction, hosts: readonly string[]): void {
  if (!changing.includes(action)) return;
  try {
    write(memory, repository, [...(read(memory, repository) ?? []), ...hosts]);
  } catch {
    // The end of the command cannot be kept either, and tells that.
  }
}

/** Keeps in mind which hosts the command has left undone or broken. What earlier ones left stays until a command is done with it. */
export function noteLeft(memory: string, repository: string, { action, hosts }: FleetReport): void {
  if (!changing.includes(action)) return;
  const left = new Set(read(memory, repository));
  for (const { host, verdict } of hosts) {
    // Of a bootstrap the plan waits for a word, and no agent was started.
    if (verdict === 'converged' || (action !== 'bootstrap' && fine.includes(verdict))) left.delete(host);
    else left.add(host);
  }
  write(memory, repository, left);
}

/** Names of the hosts that the fleet commands on this repository have left undone or broken. */
export function hostsLeft(memory: string, repository: string): ReadonlySet<string> {
  const left = read(memory, repository);
  if (left) return new Set(left);
  throw new ExitError('usage', 'nothing was brought to the hosts of this repository before', 'leave --retry-failed out');
}

/** Undefined where nothing was ever noted. */
function read(memory: string, repository: string): readonly string[] | undefined {
  try {
    return z.array(z.string()).safeParse(JSON.parse(readFileSync(fileOf(memory, repository), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

const write = (memory: string, repository: string, hosts: Iterable<string>): void =>
  keepDurably(fileOf(memory, repository), JSON.stringify([...new Set(hosts)]));

const fileOf = (memory: string, repository: string): string => join(memory, `left-${sha256(repository).slice(0, 16)}.json`);
