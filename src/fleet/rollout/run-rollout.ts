import type { Wave } from '../../inventory/plan-waves.ts';
import type { RolloutDocument } from '../../model/document.ts';
import type { Finding, FleetEvent, HostOutcome } from '../../model/fleet.ts';
import type { RolloutState } from '../../model/rollout.ts';
import type { RolloutGate } from './rollout-gate.ts';
import { inParallel } from '../in-parallel.ts';
import { isOpen, openRecord, type RolloutPlan, type RolloutRecord } from './rollout-record.ts';
import type { RolloutStore } from './rollout-store.ts';
import { unwellBecause } from './standing.ts';

/** What is done on hosts. None of these rejects for what a host does. */
interface RolloutActs {
  /** Sends the revision to one host and has it converge. `began` hears at once which runs there carry it out. */
  push(host: string, wave: string, began: (run: string) => void): Promise<HostOutcome>;
  /** Whether hosts are still as the revision says, by name. A host is left out when the command was interrupted. */
  check(hosts: readonly string[]): Promise<ReadonlyMap<string, Finding>>;
  /** Takes back one run of a host, and what was built on it; `halted` when the command was interrupted, `refused` where that is another revision. */
  takeBack(host: string, run: string): Promise<Finding>;
}

export interface Rollout extends RolloutPlan, RolloutActs {
  readonly onHalt: RolloutDocument['on_halt'];
  /** Hosts at the same time. */
  readonly forks: number;
  /** What the last process that was at work here has left. */
  readonly before: RolloutState | undefined;
  readonly store: Pick<RolloutStore, 'read' | 'write' | 'add'>;
  readonly gate: RolloutGate;
  readonly emit: (event: FleetEvent) => void;
}

export interface RolloutEnd {
  /** One for each host of the waves, wave by wave. */
  readonly hosts: readonly HostOutcome[];
  /** Why it stopped early; null when it did not. */
  readonly halted: string | null;
  /** It was interrupted, and is to be gone on with. */
  readonly isOpen: boolean;
}

/**
 * Pushes wave by wave. The next wave begins when of this one no more hosts have failed than may, at least one took the revision,
 * and all that took it have stayed well for the bake time. Else it halts; too many failures also take back what `onHalt` says.
 * Hosts that had no turn are `halted`. What has happened is durable before the next host begins. Rejects for bugs and a state
 * directory that cannot be written only.
 */
export async function runRollout(rollout: Rollout): Promise<RolloutEnd> {
  const { gate, emit, waves } = rollout;
  const record = openRecord(rollout, rollout.before, rollout.store);
  const end = (): RolloutEnd => ({ hosts: record.outcomes(), halted: record.reason, isOpen: isOpen(record) });
  const stop = (wave: Wave, reason: string, phase: RolloutState['phase']): void => {
    record.set({ reason, phase });
    emit({ type: 'halted', wave: wave.name, reason });
  };
  const halt = async (): Promise<RolloutEnd> => {
    const isDone = await takeBackAsToldFor(rollout, record);
    return isDone ? end() : { ...end(), halted: `${record.reason}; ${interrupted}` };
  };
  if (record.phase === 'halting') return await halt();
  for (const wave of waves.filter(({ name }) => !record.wave(name).isDone)) {
    await runWave(wave, rollout, record);
    const ended = gate.ended();
    // Who was aborted begins anew; who was interrupted goes on.
    if (ended) {
      stop(wave, ended.reason, ended.isFinal ? 'aborted' : 'running');
      return end();
    }
    const healthy = record.among(wave, 'healthy').length;
    const failed = record.among(wave, 'failed').length;
    emit({ type: 'wave-finished', wave: wave.name, healthy, failed });
    if (failed > wave.mayFail) {
      stop(wave, `${failed} of ${wave.hosts.length} hosts failed in wave ${wave.name}`, 'halting');
      return await halt();
    }
    if (rollout.onHalt !== 'keep' && !(await takeBack(record.among(wave, 'failed'), rollout, record))) {
      stop(wave, interrupted, 'running');
      return end();
    }
    // What nobody has tried is not proved; but nothing is wrong with what was done before.
    if (healthy === 0 && wave !== waves.at(-1)) {
      // Who has begun and did not say how that ended is to be watched, too, when they do.
      const phase = record.among(wave, 'absent').some((host) => record.hasBegun(host)) ? 'running' : 'halted';
      stop(wave, `no host of wave ${wave.name} took the revision, so that nothing is known of it`, phase);
      return end();
    }
    record.setWave(wave.name, { isDone: true });
  }
  record.set({ phase: 'finished' });
  return end();
}

/** The wave as far as it gets: pushed, and watched where not too many have failed. */
async function runWave(wave: Wave, rollout: Rollout, record: RolloutRecord): Promise<void> {
  const { gate, emit, forks, push } = rollout;
  if (!(await gate.pass())) return;
  emit({ type: 'wave-started', wave: wave.name, hosts: wave.hosts });
  // Not asked of the record, which looks at every host of the wave.
  let failed = record.among(wave, 'failed').length;
  const isTooMuch = (): boolean => failed > wave.mayFail;
  // What is known of a revision does not change by pushing it again; who said nothing is asked again.
  const left = wave.hosts.filter((host) => (record.host(host)?.standing ?? 'absent') === 'absent');
  await inParallel(left, forks, async (host) => {
    if (isTooMuch() || !(await gate.pass()) || isTooMuch()) return;
    record.pushed(host, await push(host, wave.name, (run) => record.began(host, run)));
    if (record.host(host)?.standing === 'failed') failed += 1;
    // A bake time of before an interruption was not that of a host that takes the revision only now.
    if (record.wave(wave.name).until !== null && isWatched(host, record)) record.setWave(wave.name, { until: null });
  });
  if (!gate.ended() && !isTooMuch()) await bake(wave, rollout, record);
}

/** It took the revision, and was changed by that. */
function isWatched(name: string, record: RolloutRecord): boolean {
  const host = record.host(name);
  return host?.standing === 'healthy' && host.run !== null;
}

/** Watches those that were changed; whoever is not well afterwards has failed. */
async function bake(wave: Wave, { gate, emit, check, commit }: Rollout, record: RolloutRecord): Promise<void> {
  const watched = wave.hosts.filter((host) => isWatched(host, record));
  if (watched.length === 0) return;
  const until = record.wave(wave.name).until ?? new Date(Date.now() + wave.bake).toISOString();
  record.setWave(wave.name, { until });
  if (wave.bake > 0) emit({ type: 'baking', wave: wave.name, until });
  // A clock that was set back meanwhile must not make it longer.
  if (!(await gate.wait(Math.min(wave.bake, Date.parse(until) - Date.now())))) return;
  for (const [host, finding] of await check(watched)) {
    const why = unwellBecause(finding, commit);
    if (why === undefined) continue;
    const message = `unwell after the change: ${why}`.slice(0, 1_000);
    record.change(host, { standing: 'failed', verdict: 'error', message });
  }
}

/** False: it was interrupted, and is to be gone on with. */
async function takeBackAsToldFor(rollout: Rollout, record: RolloutRecord): Promise<boolean> {
  const { onHalt } = rollout;
  record.loseUnheard();
  const isDone =
    (onHalt === 'keep' || (await takeBack(record.all('failed'), rollout, record))) &&
    (onHalt !== 'rollback_all' || (await takeBack([...record.all('healthy'), ...record.all('absent')], rollout, record)));
  if (isDone) record.set({ phase: 'halted' });
  return isDone;
}

const interrupted = 'taking it back was interrupted; the same command goes on where it was';

/**
 * Those of the hosts that took the revision and still have it; the others have put themselves back, or were never changed. False:
 * it was interrupted before all of them had answered.
 */
async function takeBack(
  hosts: readonly string[],
  { forks, emit, takeBack: act }: Rollout,
  record: RolloutRecord,
): Promise<boolean> {
  let isDone = true;
  const changed = hosts.filter((host) => record.host(host)!.run !== null && !record.host(host)!.isTakenBack);
  await inParallel(changed, forks, async (host) => {
    const { standing, message: said, run } = record.host(host)!;
    const because = standing === 'failed' ? said : (record.reason ?? '');
    emit({ type: 'step', host, message: `taking it back: ${because}` });
    const { verdict, message, hint } = await act(host, run!);
    if (verdict === 'halted') return void (isDone = false);
    if (verdict === 'refused')
      return record.change(host, { run: null, message: `${said}; not taken back: ${message}`.slice(0, 1_000) });
    const isTakenBack = verdict === 'converged' || verdict === 'rolledBack';
    record.change(host, {
      isTakenBack,
      verdict: isTakenBack ? 'rolledBack' : 'rollbackIncomplete',
      message: (isTakenBack ? `taken back: ${because}` : `${because}; not taken back: ${message}`).slice(0, 1_000),
      ...(!isTakenBack && { hint: hint?.slice(0, 1_000) ?? `reconcile rollback ${run} on that host` }),
    });
  });
  return isDone;
}
