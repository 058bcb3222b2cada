import type { DeadmanStatus } from '../model/deadman-status.ts';
import { appendLog } from './append-log.ts';
import { beat } from './beat.ts';
import { check } from './check.ts';
import { reset } from './reset.ts';
import { readSettings } from './settings.ts';
import { readStatus } from './status.ts';

const verbs = ['check', 'status', 'reset', 'beat'] as const;
export type DeadmanVerb = (typeof verbs)[number];

interface Wish {
  readonly settings: string;
  readonly json?: boolean;
  /** Only what was done is written, not that all is well. For cron. */
  readonly quiet?: boolean;
}

/** What was written, and the exit code: 0, 1 (`status`: something is wrong), 5 (not now). */
interface Answer {
  readonly text: string;
  readonly exit: 0 | 1 | 5;
}

export const isDeadmanVerb = (word: string | undefined): word is DeadmanVerb => verbs.some((verb) => verb === word);

/** The four things that `reconcile deadman` does, for the command line and for the small program of its own. */
export async function runDeadman(verb: DeadmanVerb, { settings: file, json, quiet }: Wish): Promise<Answer> {
  const settings = readSettings(file);
  switch (verb) {
    case 'check': {
      const { verdict, condition, reasons, lines } = await check(settings);
      const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      const summary = `${verdict}${condition === undefined ? '' : ` (${condition})`}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`;
      const shown = quiet && lines.length === 0 ? [] : [...lines, summary];
      const text = shown.map((line) => `${time} ${settings.agent} ${line}\n`).join('');
      if (lines.length > 0) appendLog(settings.log, text);
      return { text, exit: verdict === 'busy' || verdict === 'suppressed' ? 5 : 0 };
    }
    case 'status': {
      const status = readStatus(settings);
      return { text: json ? `${JSON.stringify(status, null, 2)}\n` : render(status), exit: status.condition === 'well' ? 0 : 1 };
    }
    case 'reset':
      if (!reset(settings)) return { text: `a check of ${settings.agent} is not over; try again\n`, exit: 5 };
      return { text: `the watchdog of ${settings.agent} begins anew\n`, exit: 0 };
    case 'beat':
      beat(settings);
      return { text: '', exit: 0 };
  }
}

function render(status: DeadmanStatus): string {
  const { lastGood: good } = status;
  const checked = status.checkedAgo === null ? 'never' : `${status.checkedAt} (${status.checkedAgo} s ago)`;
  const rows = [
    ['agent', status.agent],
    ['condition', `${status.condition}${status.deadmanActive ? ' (deadman_active)' : ''}`],
    ['last check', `${checked}: ${status.verdict}`],
    ...status.reasons.map((reason) => ['', reason] as const),
    ['bad checks', `${status.misses} in a row; ${status.failures} are a death`],
    ['tried', `${status.restarts} of ${status.maxRestarts} restarts, ${status.rollbacks} rollbacks`],
    ['config', status.config.slice(0, 12)],
    ['last good', good ? `${good.digest.slice(0, 12)} of ${good.at}` : 'none kept yet'],
    ...(status.unsent > 0 ? [['not told yet', String(status.unsent)] as const] : []),
    ...(status.unlogged > 0 ? [['not logged yet', String(status.unlogged)] as const] : []),
  ] as const;
  return rows.map(([name, value]) => `${name.padEnd(15)} ${value}\n`).join('');
}
