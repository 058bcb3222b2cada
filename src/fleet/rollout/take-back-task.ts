import { setTimeout as pause } from 'node:timers/promises';
import { exitCodes } from '../../model/exit-code.ts';
import type { Finding } from '../../model/fleet.ts';
import { printableLine } from '../../report/printable.ts';
import { reportSchema } from '../../report/report-schema.ts';
import type { RemoteResult } from '../connection.ts';
import type { Task } from '../run-on-hosts.ts';
import { largestAnswer, parseAnswer, program } from '../visit.ts';

/** Milliseconds between two tries on a host where another run is at work. */
const betweenTries = 1_000;

/**
 * Takes back one run of a host, and the later ones, which were built on it, when the run that may still be at work there has ended. One that
 * left nothing, or was taken back before, is. `refused`: somebody has applied another revision than `commit` since, which would go with it.
 * `timeout`: milliseconds.
 */
export const takeBackTask =
  (run: string, commit: string, timeout: number): Task =>
  async (connection, signal) => {
    const rollBack = (...words: readonly string[]) =>
      connection.run([program, 'rollback', run, ...words, '-o', 'json'], { limit: largestAnswer, timeout, signal });
    /** Another revision that somebody has applied since; undefined where there is none. */
    const findOther = async (): Promise<string | undefined> => {
      const { stdout } = await rollBack('--check');
      const newest = stdout.trim() === '' ? null : parseAnswer(reportSchema, stdout).revision.commit;
      return newest === null || newest === commit ? undefined : newest;
    };
    for (;;) {
      const other = await findOther();
      if (other !== undefined)
        return { verdict: 'refused', message: `${printableLine(other).slice(0, 12)} was applied there since, and stays` };
      const answer = await rollBack();
      if (answer.exitCode !== exitCodes.busy.code) return readAnswer(answer);
      await pause(betweenTries, undefined, { signal });
    }
  };

function readAnswer({ stdout, stderr }: RemoteResult): Finding {
  if (stdout.trim() === '') {
    const said = /^reconcile: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? '';
    if (/^no run\b/.test(said)) return { verdict: 'rolledBack', message: said };
    return { verdict: 'error', message: said === '' ? 'reconcile rollback said nothing' : said };
  }
  const report = parseAnswer(reportSchema, stdout);
  return { verdict: report.outcome, message: report.summary, report };
}
