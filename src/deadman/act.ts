import { runCommand } from '../host/run-command.ts';
import type { Argv, CommandResult } from '../host/host.ts';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { longestTimer } from '../model/duration.ts';
import { lastLines } from '../model/last-lines.ts';
import type { Look } from './look.ts';
import { systemctl } from './probe-unit.ts';
import type { LogRow } from './request-log.ts';
import { keepSnapshot, lastGood, presentConfig, restoreSnapshot } from './snapshots.ts';
import type { WatchAction } from './step.ts';

/** What was done, or why not; goes to the request log. */
interface Deed {
  readonly action: string;
  readonly endpoint: string;
  readonly status: LogRow['status'];
  readonly said: string;
}

/** Does one thing and gives the row about it; undefined where nothing was to do. Failures are rows, never exceptions. */
export async function act(action: WatchAction, look: Look, settings: DeadmanSettings, at: Date): Promise<LogRow | undefined> {
  const old = look.config.digest;
  const deed = await tryTo(action, look, settings, at);
  if (!deed) return undefined;
  const { digest } = presentConfig(settings);
  return {
    timestamp: at.toISOString().replace(/\.\d+Z$/, 'Z'),
    agent: settings.agent,
    action: deed.action,
    endpoint: deed.endpoint,
    status: deed.status,
    text: `old=${old} new=${digest}; ${deed.said}`.slice(0, 2_000),
  };
}

async function tryTo(action: WatchAction, look: Look, settings: DeadmanSettings, at: Date): Promise<Deed | undefined> {
  const config = settings.config[0] ?? settings.agent;
  const why = look.reasons.join('; ');
  switch (action.do) {
    case 'tell':
      return undefined;
    case 'flag':
      return { action: 'give-up', endpoint: endpointOf(settings), status: 'error', said: why };
    case 'unflag':
      return {
        action: 'recovered',
        endpoint: endpointOf(settings),
        status: 'success',
        said: look.verdict === 'alive' ? `the agent answers again, but not that it is well: ${why}` : 'the agent is well again',
      };
    case 'snapshot':
      return attempt('snapshot', config, () => snapshot(look, settings, at));
    case 'restart':
      return restart(settings, `restart ${action.attempt} of ${settings.limits.max_restarts}: ${why}`);
    case 'rollback': {
      const rolledBack = attempt('rollback', config, () => rollBack(settings));
      if (rolledBack?.status !== 'fallback') return rolledBack;
      const { status, said } = await restart(settings, 'restart after the rollback');
      return { ...rolledBack, status: status === 'success' ? 'fallback' : status, said: `${rolledBack.said}; ${said}: ${why}` };
    }
  }
}

function snapshot(look: Look, settings: DeadmanSettings, at: Date): Pick<Deed, 'status' | 'said'> | undefined {
  const { digest, isWhole } = look.config;
  if (!isWhole || !look.isConfigLoaded || lastGood(settings)?.digest === digest) return undefined;
  keepSnapshot(settings, digest, at);
  return { status: 'success', said: 'kept as last known good' };
}

function rollBack(settings: DeadmanSettings): Pick<Deed, 'status' | 'said'> {
  const good = lastGood(settings);
  if (!good) return { status: 'error', said: 'there is no intact snapshot' };
  restoreSnapshot(good);
  return { status: 'fallback', said: `put back ${good.digest.slice(0, 12)} of ${good.at}` };
}

function attempt(action: string, endpoint: string, work: () => Pick<Deed, 'status' | 'said'> | undefined): Deed | undefined {
  try {
    const done = work();
    return done && { action, endpoint, ...done };
  } catch (error) {
    return { action, endpoint, status: 'error', said: (error as Error).message };
  }
}

const endpointOf = ({ unit, restart: argv, agent }: DeadmanSettings): string => unit?.name ?? argv?.join(' ') ?? agent;

async function restart(settings: DeadmanSettings, said: string): Promise<Deed> {
  const { unit, restart: argv, restart_timeout: timeout } = settings;
  const deed = { action: 'restart', endpoint: endpointOf(settings) };
  const run = (words: Argv, env: Record<string, string>): Promise<CommandResult> =>
    runCommand(words, { env, timeout }, AbortSignal.timeout(Math.min(timeout + 10_000, longestTimer)));
  try {
    const manager = systemctl(unit?.scope ?? 'system');
    // A unit that failed too often is not started any more until it is forgiven.
    if (unit && !argv) await run([...manager.argv, 'reset-failed', '--', unit.name], manager.env);
    const [words, env] = argv
      ? [argv as Argv, {}]
      : ([[...manager.argv, 'restart', '--', unit?.name ?? ''], manager.env] as const);
    const { exitCode, timedOut, stderr, stdout } = await run(words, env);
    if (exitCode === 0) return { ...deed, status: 'success', said };
    const ended = timedOut ? 'did not end in time' : `ended with ${exitCode ?? 'a signal'}`;
    const last = lastLines(stderr.trim() || stdout.trim());
    return { ...deed, status: timedOut ? 'timeout' : 'error', said: `${said}; ${words[0]} ${ended}${last && `: ${last}`}` };
  } catch (error) {
    return { ...deed, status: 'error', said: `${said}; ${(error as Error).message}` };
  }
}
