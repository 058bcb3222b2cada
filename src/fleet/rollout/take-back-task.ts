import { reportSchema } from '../../report/report-schema.ts';
import type { Task } from '../run-on-hosts.ts';
import { largestAnswer, parseAnswer, program } from '../visit.ts';

/** Takes back one run of a host, and the later ones, which were built on it. */
export const takeBackTask =
  (run: string): Task =>
  async (connection) => {
    const { stdout, stderr } = await connection.run([program, 'rollback', run, '-o', 'json'], { limit: largestAnswer });
    if (stdout.trim() === '') {
      const said = /^reconcile: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? '';
      return { verdict: 'error', message: said === '' ? 'reconcile rollback said nothing' : said };
    }
    const report = parseAnswer(reportSchema, stdout);
    return { verdict: report.outcome, message: report.summary, report };
  };
