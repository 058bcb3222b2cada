import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { readSleep, type Moment } from './clock.ts';
import type { ProbeMemory } from './memory.ts';
import { probeEngine } from './probe-engine.ts';
import { probeGateway } from './probe-gateway.ts';
import { probeHeartbeat } from './probe-heartbeat.ts';
import { probeMachine } from './probe-machine.ts';
import { probeUnit } from './probe-unit.ts';
import { combine } from './probe.ts';
import { presentConfig, type PresentConfig } from './snapshots.ts';
import type { Observation } from './step.ts';

/** Everything that one look at an agent and its host gave. */
export interface Look {
  readonly verdict: Observation['verdict'];
  readonly reasons: readonly string[];
  readonly starting: boolean;
  /** Why the machine is blocked; empty: it is not. */
  readonly blocks: readonly string[];
  readonly config: PresentConfig;
  /** How long the reconciler's agent has given no sign of life. Milliseconds. */
  readonly silence: number;
  /** Whether what runs is known to run with the configuration that stands there. */
  readonly isConfigLoaded: boolean;
  readonly probes: ProbeMemory;
}

/** Asks all probes at once. Bounded in time, never rejects for what an agent does. */
export async function look(settings: DeadmanSettings, last: ProbeMemory, now: Moment): Promise<Look> {
  const { unit, gateway, heartbeat, limits } = settings;
  const [unitLook, gatewayFinding, sign] = await Promise.all([
    unit && probeUnit(unit, last.unit, now),
    gateway && probeGateway(gateway),
    limits.silence_note === undefined ? undefined : probeEngine(settings.reconciler_state),
  ]);
  const engine = sign === undefined || sign === last.engine?.sign ? last.engine : { sign, at: now.own };
  const beat = heartbeat && probeHeartbeat(heartbeat, last.stamp, now);
  const findings = [unitLook?.finding, gatewayFinding, beat?.finding].filter((finding) => finding !== undefined);
  const config = presentConfig(settings);
  const known = rememberConfig(config.digest, last.config, now.own);
  const age = unitLook?.age;
  return {
    ...combine(findings),
    starting: now.uptime < limits.startup_grace || (age !== undefined && age < limits.startup_grace),
    blocks: probeMachine(settings),
    config,
    // A host without an agent is converged by somebody else; one whose agent was heard once is missed.
    silence: engine === undefined ? 0 : now.own - engine.at,
    isConfigLoaded: unit
      ? age !== undefined && isOlder(known, config, now.own - age, Date.now() - age - readSleep())
      : now.own - known.since >= settings.snapshot_after,
    probes: {
      ...(engine && { engine }),
      ...(beat && { stamp: beat.stamp }),
      ...(unitLook?.unit && { unit: unitLook.unit }),
      config: known,
    },
  };
}

function rememberConfig(digest: string, last: ProbeMemory['config'], now: number): NonNullable<ProbeMemory['config']> {
  if (last?.digest === digest) return { ...last, seenAt: now };
  return { digest, since: now, otherAt: last?.seenAt ?? null, seenAt: now };
}

/**
 * Whether a process read this configuration when it started: agents do that only then, and one that runs on with the old one says
 * nothing about a new one. Both clocks must say so: that of the files may have been set in between, and goes on while the host sleeps.
 */
function isOlder(
  { otherAt }: NonNullable<ProbeMemory['config']>,
  { changedAt }: PresentConfig,
  own: number,
  wall: number,
): boolean {
  return wall >= changedAt && (otherAt === null || own > otherAt);
}
