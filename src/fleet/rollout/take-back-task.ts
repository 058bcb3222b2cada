import { setTimeout as pause } from 'node:timers/promises';
import { exitCodes } from '../../model/exit-code.ts';
import type { Finding } from '../../model/fleet.ts';
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
    const argv = [program, 'rollback', run, '--revision', commit, '-o', 'json'];
    for (;;) {
      const answer = await connection.run(argv, { limit: largestAnswer, timeout, signal });
      if (answer.exitCode !== exitCodes.busy.code) return readAnswer(answer);
      await pause(betweenTries, undefined, { signal });
    }
  };

function readAnswer({ exitCode, stdout, stderr }: RemoteResult): Finding {
  if (stdout.trim() === '') {
    const said = /^reconcile: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? '';
    if (/^no run\b/.test(said)) return { verdict: 'rolledBack', message: said };
    const verdict = exitCode === exitCodes.refused.code ? 'refused' : 'error';
    return { verdict, message: said === '' ? 'reconcile rollback said nothing' : said };
  }
  const report = parseAnswer(reportSchema, stdout);
  return { verdict: report.outcome, message: report.summary, report };
}
