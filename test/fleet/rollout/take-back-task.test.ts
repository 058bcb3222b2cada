import { expect, it } from 'vitest';
import type { Connection, RemoteOptions, RemoteResult } from '../../../src/fleet/connection.ts';
import { takeBackTask } from '../../../src/fleet/rollout/take-back-task.ts';
import { reportWith } from '../../report/report-fixture.ts';
import { localConnection } from '../../support/local-connection.ts';

const says = (exitCode: number, text: string): RemoteResult =>
  exitCode === 0 ? { exitCode, stdout: text, stderr: '' } : { exitCode, stdout: '', stderr: `reconcile: ${text}\n` };
const report = JSON.stringify(reportWith({ summary: 'Run r1 taken back' }));
const other = says(7, 'dddddddddddd was applied there since, and stays');

/** A host that answers one after the other, and with what it was asked. */
function host(...answers: RemoteResult[]): { readonly connection: Connection; readonly asked: (RemoteOptions | undefined)[] } {
  const asked: (RemoteOptions | undefined)[] = [];
  const run: Connection['run'] = (_argv, options) => {
    asked.push(options);
    return Promise.resolve(answers.shift()!);
  };
  return { connection: { ...localConnection('a'), run }, asked };
}

it.each([
  ['takes it back', [says(0, report)], 'converged', 'Run r1 taken back'],
  [
    'waits for a run that is at work there',
    [says(5, 'another run is at work'), says(0, report)],
    'converged',
    'Run r1 taken back',
  ],
  ['has nothing to do where nothing is left of it', [says(64, 'no run is left')], 'rolledBack', 'no run is left'],
  ['tells why it cannot be', [says(1, 'the disk is full')], 'error', 'the disk is full'],
  ['leaves it where another revision stands on it', [other], 'refused', 'dddddddddddd was applied there since, and stays'],
  [
    'leaves it where the run that was at work there has applied another revision',
    [says(5, 'another run is at work'), other],
    'refused',
    'dddddddddddd was applied there since, and stays',
  ],
])('taking back a run %s', async (_what, answers, verdict, message) => {
  const { connection, asked } = host(...answers);
  const { signal } = new AbortController();

  expect(await takeBackTask('r1', 'c'.repeat(40), 300_000)(connection, signal)).toMatchObject({ verdict, message });
  for (const options of asked) expect(options).toMatchObject({ timeout: 300_000, signal });
});
