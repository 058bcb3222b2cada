import { readUptime } from '../host/term.ts';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { printableLine } from '../report/printable.ts';
import { takeLock } from '../state/lock.ts';
import { act } from './act.ts';
import { nextMoment } from './clock.ts';
import { takeTurn, type Turn } from './engine-turn.ts';
import { setFlag } from './flag.ts';
import { look, type Look } from './look.ts';
import { firstMemory, readMemory, writeMemory, type Memory } from './memory.ts';
import { composeNotice } from './messages.ts';
import { deliver, enqueue } from './outbox.ts';
import type { LogRow } from './request-log.ts';
import { runtimeDirectory } from './runtime-directory.ts';
import { lastGood } from './snapshots.ts';
import { step, type WatchAction } from './step.ts';

/** What one check came to. `busy`: another check of this agent is not over. */
interface Checked {
  readonly verdict: Memory['last']['verdict'] | 'busy';
  readonly reasons: readonly string[];
  readonly condition: Memory['watch']['condition'] | undefined;
  /** What was done and what went wrong with it, one line each. */
  readonly lines: readonly string[];
}

/**
 * One check of one agent, as cron calls it: looks, decides, writes down what it is going to do, does it, tells people. Works without
 * the reconciler's agent, its state and the network. Throws when it cannot remember, and then nothing is done.
 */
export async function check(settings: DeadmanSettings): Promise<Checked> {
  using lock = takeLock(runtimeDirectory(settings));
  if (!lock) return { verdict: 'busy', reasons: ['another check is not over'], condition: undefined, lines: [] };
  return await checkAlone(settings);
}

/** Milliseconds. */
const mostPatience = 20_000;

async function checkAlone(settings: DeadmanSettings): Promise<Checked> {
  const known = readMemory(settings);
  const moment = nextMoment(known?.moment, readUptime());
  const before = known ?? firstMemory(moment);
  let seen = await look(settings, before.probes, moment);
  let turn: Turn = { suppressed: undefined, release: () => {} };
  if (isSomethingToDo(before, seen, settings)) {
    turn = await takeTurn(settings.reconciler_state, Math.min(mostPatience, settings.limits.check_interval / 10));
    // Looked at again, now that nobody else works on the host: what was seen may have been a restart by somebody else.
    if (turn.suppressed === undefined) seen = await look(settings, before.probes, moment);
  }
  try {
    return await decide(before, moment, seen, turn.suppressed, settings);
  } finally {
    if (turn.suppressed === undefined) turn.release();
  }
}

/** What was given up is only looked at, and keeps nobody from working on the host. */
function isSomethingToDo({ watch }: Memory, { verdict, config, isConfigLoaded }: Look, settings: DeadmanSettings): boolean {
  if (verdict === 'dead') return watch.condition !== 'given-up';
  return verdict === 'healthy' && config.isWhole && isConfigLoaded && lastGood(settings)?.digest !== config.digest;
}

async function decide(
  before: Memory,
  moment: Memory['moment'],
  seen: Look,
  suppressed: Turn['suppressed'],
  settings: DeadmanSettings,
): Promise<Checked> {
  const { limits } = settings;
  const good = limits.action === 'rollback' && seen.verdict === 'dead' ? lastGood(settings) : undefined;
  const observation = {
    verdict: seen.verdict,
    starting: seen.starting,
    suppressed,
    blocked: seen.blocks.length > 0,
    silence: seen.silence,
    unheardFor: before.unsentSince == null ? 0 : moment.own - before.unsentSince,
    canRollBack: good !== undefined && good.digest !== seen.config.digest,
  };
  const { state, actions, counted } = step(before.watch, observation, limits, moment.own);
  const at = new Date();
  const notices = actions
    .filter((action) => action.do === 'tell')
    .map((action) => composeNotice(action, state, seen, settings, at));
  const last = {
    verdict: counted || suppressed === undefined ? seen.verdict : ('suppressed' as const),
    reasons: [...(suppressed === undefined || counted ? [] : [reasonOf[suppressed]]), ...seen.reasons, ...seen.blocks],
  };
  const unsent = enqueue(before.unsent, notices, settings);
  const waitsSince = before.unsent.length > 0 ? (before.unsentSince ?? moment.own) : moment.own;
  // Before anything is done: a restart that is not remembered would be repeated for ever.
  const intended = writeMemory(settings, {
    ...before,
    moment,
    checkedAt: at.toISOString(),
    last,
    watch: state,
    probes: seen.probes,
    unsent,
    unsentSince: unsent.length > 0 ? waitsSince : null,
  });
  const { lines, rows } = await perform(actions, seen, settings, at);
  const flagProblem = setFlag(settings, state.condition === 'given-up', seen.reasons, at);
  const sent = await deliver(intended.unsent, settings);
  const logged = await log([...intended.unlogged, ...rows], settings);
  if (sent.unsent.length !== intended.unsent.length || logged.unlogged.length !== intended.unlogged.length)
    writeMemory(settings, {
      ...intended,
      unsent: sent.unsent,
      unsentSince: sent.unsent.length > 0 ? waitsSince : null,
      unlogged: logged.unlogged,
    });
  const problems = [...flagProblem, ...sent.problems.map((problem) => `not told: ${problem}`), ...logged.problems];
  const told = notices.map(({ title }) => `told: ${title}`);
  return { ...last, condition: state.condition, lines: [...lines, ...told, ...problems].map(printableLine) };
}

const reasonOf = { run: 'a run of the reconciler is not over', suspended: 'the host is suspended' };

async function perform(
  actions: readonly WatchAction[],
  seen: Look,
  settings: DeadmanSettings,
  at: Date,
): Promise<{ readonly lines: readonly string[]; readonly rows: readonly LogRow[] }> {
  const rows: LogRow[] = [];
  for (const action of actions) {
    const row = await act(action, seen, settings, at);
    if (row) rows.push(row);
  }
  return { lines: rows.map(({ action, status, text }) => `${action}: ${status}: ${text}`), rows };
}

/** Rows that the log did not take wait here, the newest of them. */
const mostUnlogged = 100;

async function log(
  rows: readonly LogRow[],
  { request_log: file }: DeadmanSettings,
): Promise<{ readonly unlogged: readonly LogRow[]; readonly problems: readonly string[] }> {
  if (rows.length === 0 || file === undefined) return { unlogged: [], problems: [] };
  try {
    (await import('./request-log.ts')).logRows(file, rows);
    return { unlogged: [], problems: [] };
  } catch (error) {
    return { unlogged: rows.slice(-mostUnlogged), problems: [`not logged yet: ${(error as Error).message}`] };
  }
}
