import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hostsLeft, noteBegun, noteLeft } from '../fleet/left-undone.ts';
import { leftOpen } from '../fleet/rollout/rollout-record.ts';
import { openRolloutStore } from '../fleet/rollout/rollout-store.ts';
import { runOnHosts, type Task } from '../fleet/run-on-hosts.ts';
import type { OwnFault } from '../fleet/own-fault.ts';
import { openSshConnect } from '../fleet/ssh/connect.ts';
import { findTargets } from '../fleet/targets.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { missingInventory } from '../inventory/missing-inventory.ts';
import { readInventory } from '../inventory/read-inventory.ts';
import type { InventoryFiles } from '../model/documents.ts';
import { longestTimer, milliseconds } from '../model/duration.ts';
import { fleetExit } from '../model/fleet-exit.ts';
import type { FleetAction, FleetEvent, FleetReport, HostOutcome, Target } from '../model/fleet.ts';
import type { Revision } from '../model/revision.ts';
import { version } from '../model/version.ts';
import { openFleetProgress } from '../report/fleet-progress.ts';
import { inPieces } from '../report/in-pieces.ts';
import { paintFor, type Paint } from '../report/paint.ts';
import { fleetEventLine } from '../report/render-fleet-events.ts';
import { ownVault } from '../run/own-vault.ts';
import { loadInventoryFiles } from '../source/inventory-files.ts';
import { openWorkingTree } from '../source/working-tree.ts';
import { makeStateDirectory, stateDirectory } from '../state/state-directory.ts';
import { ExitError } from '../model/exit-error.ts';
import { hostPattern } from './host-pattern.ts';
import { textOption, type Invocation } from './invocation.ts';
import { sourceOption } from './request.ts';
import { writeOutput } from './output.ts';
import { jsonText } from './run-output.ts';
import { touchNoHost } from './touch-no-host.ts';

/** Hosts at the same time; each costs a connection and a little memory. */
const usualForks = 50;
const mostForks = 1_000;
const usualTimeout = '10m';
/** Milliseconds that a silent host is tried again where nobody says how long. */
const usualPatience = 30_000;

/** One command on many hosts, from the choice of the hosts to the exit code. */
export interface FleetRun extends AsyncDisposable {
  /** Directory of the configuration repository. */
  readonly repository: string;
  /** The working tree of it, and what stands in its `inventory/`, as they were read once. */
  readonly tree: Revision;
  readonly inventoryFiles: InventoryFiles;
  readonly inventory: Inventory;
  /** In the order of the inventory. */
  readonly targets: readonly Target[];
  /** Directory where this user's fleet commands keep what they remember. */
  readonly memory: string;
  readonly emit: (event: FleetEvent) => void;
  /** `isRepeatable`: the task may be done again when the connection was lost meanwhile. `isQuiet`: it is a part of something that tells of itself. */
  onHosts(
    targets: readonly Target[],
    task: Task,
    way: { readonly isRepeatable: boolean; readonly wave?: string; readonly isQuiet?: true },
  ): Promise<readonly HostOutcome[]>;
  /** Does a task on one host, over a connection of its own. */
  anew(target: Target, task: Task): Promise<HostOutcome | undefined>;
  /** Milliseconds that one host may take. */
  readonly timeout: number;
  /** Hosts at the same time. */
  readonly forks: number;
  /** Aborted where somebody interrupts the command, or with the `OwnFault` that ends it. */
  readonly signal: AbortSignal;
  /** Shows what became of it, and keeps for `--retry-failed` who is left. */
  finish(hosts: readonly HostOutcome[], end: Pick<FleetReport, 'revision' | 'halted'>, render: Render): FleetReport;
}

type Render = (report: FleetReport, paint: Paint, columns: number | undefined) => string;

/**
 * Throws, with every problem and before any host is touched, when the hosts cannot be chosen or reached as the inventory says. `among`: of
 * the hosts that are chosen only these.
 */
export async function openFleetRun(invocation: Invocation, action: FleetAction, among?: ReadonlySet<string>): Promise<FleetRun> {
  const began = performance.now();
  const startedAt = new Date().toISOString();
  const id = `${startedAt.replace(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`;
  const ending = new AbortController();
  const signal = AbortSignal.any([invocation.signal, ending.signal]);
  let fault: OwnFault | undefined;
  const end = (found: OwnFault): void => ending.abort((fault ??= found));
  // By whatever name, what is remembered of it is the same.
  const repository = realpathSync(sourceOption(invocation));
  const limits = limitsOf(invocation);
  const memory = join(stateDirectory(), 'fleet');
  makeStateDirectory(stateDirectory());
  const { targets: all, ...read } = await chooseTargets(repository, textOption(invocation, 'limit') ?? 'all', action);
  const failed = invocation.options['retryFailed'] === true ? leftUndone(memory, repository, action) : undefined;
  const targets = all.filter(({ name }) => (failed?.has(name) ?? true) && (among?.has(name) ?? true));
  if (targets.length === 0)
    throw new ExitError(
      'usage',
      'no host is left to go to',
      failed ? 'none was left undone' : among ? 'the plan has none that is there' : 'reconcile inventory --graph shows all',
    );
  const names = targets.map(({ name }) => name);
  const output = openOutput(textOption(invocation, 'output'), names);
  const connect = await openSshConnect(signal, sshSettings(invocation));
  let isBegun = false;
  const onHosts: FleetRun['onHosts'] = (chosen, task, { isQuiet, ...way }) => {
    if (!isBegun) noteBegun(memory, repository, action, names);
    isBegun = true;
    const emit = isQuiet ? () => undefined : output.emit;
    return runOnHosts(chosen, task, { ...limits, ...way, connect, emit, end, signal });
  };
  output.emit({ type: 'fleet-started', action, hosts: names });
  return {
    ...read,
    repository,
    targets,
    memory,
    timeout: limits.timeout,
    forks: limits.forks,
    signal,
    emit: output.emit,
    onHosts,
    anew: async (target, task) => (await onHosts([target], task, { isRepeatable: true, isQuiet: true }))[0],
    finish(hosts, { revision, halted: stopped }, render) {
      const duration = Math.round(performance.now() - began);
      const halted = stopped ?? fault?.message ?? null;
      const exit = fleetExit(hosts) || (halted === null && !signal.aborted ? 0 : 1);
      const facts = { schema: 'reconcile.fleet/1', id, action, startedAt, duration, version } as const;
      const report: FleetReport = { ...facts, revision, halted, hosts, exit };
      output.finish(report, render);
      noteLeft(memory, repository, report);
      return report;
    },
    async [Symbol.asyncDispose]() {
      output.close();
      await connect[Symbol.asyncDispose]();
    },
  };
}

/** Hosts for `--retry-failed`. A rollout that was interrupted has left all of its hosts undone: those that took the revision are still to be watched. */
function leftUndone(memory: string, repository: string, action: FleetAction): ReadonlySet<string> {
  const rollout = action === 'push' || action === 'apply' ? leftOpen(openRolloutStore(memory, repository)) : undefined;
  return hostsLeft(memory, repository).union(new Set(rollout?.waves.flatMap(({ hosts }) => hosts)));
}

const bringsNoRevision: ReadonlySet<FleetAction | 'trust'> = new Set(['status', 'run', 'trust']);

/**
 * The hosts of a pattern of the command line, from the repository as it stands here. Throws with every problem where there is one, but for those
 * that say how a single host is reached. A host whose name cannot be one keeps only those from the others who bring a revision, which no
 * host would take.
 */
export async function chooseTargets(
  repository: string,
  pattern: string,
  action: FleetAction | 'trust',
): Promise<Pick<FleetRun, 'tree' | 'inventoryFiles' | 'inventory' | 'targets'>> {
  const selection = hostPattern(pattern);
  const tree = openWorkingTree(repository);
  const inventoryFiles = loadInventoryFiles(tree.files, ownVault());
  const inventory = readInventory(inventoryFiles);
  const missing = missingInventory(inventoryFiles, tree.files);
  const { targets, problems } = missing.length > 0 ? { targets: [], problems: missing } : await findTargets(inventory, selection);
  const ofOthers = new Set(bringsNoRevision.has(action) ? inventory.misnamed.values() : []);
  touchNoHost([...tree.problems, ...inventory.problems.filter((problem) => !ofOthers.has(problem)), ...problems]);
  return { tree, inventoryFiles, inventory, targets };
}

/** What is said of SSH on the command line. */
export function sshSettings(invocation: Invocation): { readonly configFile?: string } {
  const configFile = textOption(invocation, 'sshConfig');
  if (configFile === undefined) return {};
  if (!existsSync(configFile)) throw new ExitError('usage', `no such file: ${configFile}`);
  return { configFile: resolve(configFile) };
}

function limitsOf(invocation: Invocation): { readonly forks: number; readonly timeout: number; readonly patience: number } {
  const given = textOption(invocation, 'forks');
  const forks = given === undefined ? usualForks : Number(given);
  if (!Number.isInteger(forks) || forks < 1 || forks > mostForks)
    throw new ExitError('usage', `--forks ${given} is not a count from 1 to ${mostForks}`);
  const time = textOption(invocation, 'timeout');
  const timeout = milliseconds(time ?? usualTimeout);
  if (timeout === 0 || timeout > longestTimer)
    throw new ExitError('usage', `--timeout ${time} is not a time of at most 24 days`, 'for example 90s, 10m, 1h');
  return { forks, timeout, patience: time === undefined ? usualPatience : timeout };
}

interface Output {
  readonly emit: (event: FleetEvent) => void;
  finish(report: FleetReport, render: Render): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

function openOutput(format: string | undefined, names: readonly string[]): Output {
  if (format === 'ndjson') {
    const lineOf = (event: FleetEvent): string => fleetEventLine(event, new Date().toISOString());
    return {
      emit: (event) => writeOutput(lineOf(event)),
      finish: (whole) => writePieces(inPieces(whole, (report) => lineOf({ type: 'fleet-finished', report }), '')),
      close: () => undefined,
    };
  }
  const progress = openFleetProgress(process.stderr, names);
  return {
    emit: progress.emit,
    finish(report, render) {
      progress[Symbol.dispose]();
      if (format === 'json') writePieces(inPieces(report, jsonText, '  '));
      else process.stdout.write(render(report, paintFor(process.stdout), process.stdout.columns));
    },
    close: () => progress[Symbol.dispose](),
  };
}

function writePieces(pieces: Iterable<string>): void {
  for (const piece of pieces) writeOutput(piece);
}
