import { runCommand } from '../host/run-command.ts';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import type { Moment } from './clock.ts';
import type { ProbeMemory } from './memory.ts';
import type { Finding } from './probe.ts';

type UnitSettings = NonNullable<DeadmanSettings['unit']>;

interface UnitLook {
  readonly finding: Finding;
  readonly unit: ProbeMemory['unit'];
  /** Milliseconds since it became active; undefined when it is not. */
  readonly age: number | undefined;
}

const properties = 'LoadState,ActiveState,SubState,Result,NRestarts,MemoryCurrent,CPUUsageNSec,ActiveEnterTimestampMonotonic';
/** systemd answers at once, or its bus hangs. */
const timeLimit = 20_000;

/** `systemctl`, for the manager that the unit belongs to. */
export function systemctl(scope: UnitSettings['scope']): {
  readonly argv: readonly [string, ...string[]];
  readonly env: Record<string, string>;
} {
  if (scope === 'system') return { argv: ['systemctl'], env: {} };
  return { argv: ['systemctl', '--user'], env: { XDG_RUNTIME_DIR: `/run/user/${process.geteuid?.() ?? 0}` } };
}

/** Asks systemd about the agent's unit. */
export async function probeUnit(unit: UnitSettings, last: ProbeMemory['unit'], now: Moment): Promise<UnitLook> {
  const { argv, env } = systemctl(unit.scope);
  const blind = (why: string): UnitLook => ({
    finding: { verdict: 'blind', reason: `systemd cannot be asked: ${why}` },
    unit: last,
    age: undefined,
  });
  try {
    const asked = [...argv, 'show', '--property', properties, '--', unit.name] as const;
    const result = await runCommand(asked, { env, timeout: timeLimit }, AbortSignal.timeout(timeLimit + 5_000));
    if (result.exitCode === 0) return judgeUnit(result.stdout, unit, last, now);
    return blind(result.timedOut ? 'no answer in time' : (result.stderr.trim().split('\n')[0] ?? `exit ${result.exitCode}`));
  } catch (error) {
    return blind((error as Error).message);
  }
}

/** What the answer of `systemctl show` means. Pure. */
export function judgeUnit(text: string, settings: UnitSettings, last: ProbeMemory['unit'], now: Moment): UnitLook {
  const value = new Map(text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const number = (name: string): number | null => {
    const digits = value.get(name) ?? '';
    // "[not set]", and 2^64 - 1 of older ones.
    return /^\d{1,18}$/.test(digits) ? Number(digits) : null;
  };
  const unit = { boot: now.boot, restarts: number('NRestarts') ?? 0, cpu: number('CPUUsageNSec'), at: now.own };
  const isActive = value.get('ActiveState') === 'active' || value.get('ActiveState') === 'reloading';
  const isStarting = value.get('ActiveState') === 'activating' && value.get('SubState') !== 'auto-restart';
  const entered = number('ActiveEnterTimestampMonotonic');
  const age = isStarting
    ? 0
    : isActive && entered !== null && entered > 0
      ? Math.max(0, now.uptime - entered / 1_000)
      : undefined;

  const bad: string[] = [];
  if (value.get('LoadState') !== 'loaded') bad.push(`is ${value.get('LoadState') || 'unknown'}`);
  else if (!isActive) bad.push(`is ${value.get('ActiveState') || 'unknown'} (${value.get('SubState')}, ${value.get('Result')})`);
  const known = last?.boot === now.boot && last.at < now.own ? last : undefined;
  const restarts = known ? unit.restarts - known.restarts : 0;
  if (restarts >= settings.max_restarts) bad.push(`was restarted ${restarts} times since the last check`);
  const memory = (number('MemoryCurrent') ?? 0) / 1_048_576;
  if (settings.max_memory_mib !== undefined && memory > settings.max_memory_mib)
    bad.push(`uses ${Math.round(memory)} MiB of memory, more than ${settings.max_memory_mib}`);
  const percent = known && known.cpu !== null && unit.cpu !== null ? (unit.cpu - known.cpu) / 10_000 / (now.own - known.at) : 0;
  if (settings.max_cpu_percent !== undefined && percent > settings.max_cpu_percent)
    bad.push(`used ${Math.round(percent)} % of a processor since the last check, more than ${settings.max_cpu_percent} %`);

  const reason = `${settings.name} ${bad.join(' and ')}`;
  return { finding: bad.length === 0 ? { verdict: 'healthy' } : { verdict: 'dead', reason }, unit, age };
}
