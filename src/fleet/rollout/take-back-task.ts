import { setTimeout as pause } from 'node:timers/promises';
import { exitCodes } from '../../model/exit-code.ts';
import { reportSchema } from '../../report/report-schema.ts';
import type { Task } from '../run-on-hosts.ts';
import { largestAnswer, parseAnswer, program } from '../visit.ts';

/** Milliseconds between two tries on a host where another run is at work. */
const betweenTries = 1_000;

/**
 * Takes back one run of a host, and the later ones, which were built on it, when the run that may still be at work there has ended. One that
 * left nothing, or was taken back before, is. `timeout`: milliseconds.
 */
export const takeBackTask =
  (run: string, timeout: number): Task =>
  async (connection, signal) => {
    const rollBack = () => connection.run([program, 'rollback', run, '-o', 'json'], { limit: largestAnswer, timeout, signal });
    let answer = await rollBack();
    while (answer.exitCode === exitCodes.busy.code) {
      await pause(betweenTries, undefined, { signal });
      answer = await rollBack();
    }
    const { stdout, stderr } = answer;
    if (stdout.trim() === '') {
      const said = /^reconcile: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? '';
      if (/^no run\b/.test(said)) return { verdict: 'rolledBack', message: said };
      return { verdict: 'error', message: said === '' ? 'reconcile rollback said nothing' : said };
    }
    const report = parseAnswer(reportSchema, stdout);
    return { verdict: report.outcome, message: report.summary, report };
  };
