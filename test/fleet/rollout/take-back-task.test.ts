import { expect, it } from 'vitest';
import type { Connection, RemoteOptions, RemoteResult } from '../../../src/fleet/connection.ts';
import { takeBackTask } from '../../../src/fleet/rollout/take-back-task.ts';
import { reportWith } from '../../report/report-fixture.ts';
import { localConnection } from '../../support/local-connection.ts';

const says = (exitCode: number, text: string): RemoteResult =>
  exitCode === 0 ? { exitCode, stdout: text, stderr: '' } : { exitCode, stdout: '', stderr: `reconcile: ${text}\n` };
const report = JSON.stringify(reportWith({ summary: 'Run r1 taken back' }));
/** What `rollback --check` says, where the newest run that would be taken back is of this commit. */
const preview = (commit: string | null): RemoteResult => {
  const { revision } = reportWith({});
  return says(0, JSON.stringify(reportWith({ summary: 'would be taken back', revision: { ...revision, commit } })));
};
const [own, other] = [preview('c'.repeat(40)), preview('d'.repeat(40))];

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
  ['takes it back', [own, says(0, report)], 'converged', 'Run r1 taken back'],
  ['takes one back that was killed and has told nothing', [preview(null), says(0, report)], 'converged', 'Run r1 taken back'],
  [
    'waits for a run that is at work there',
    [own, says(5, 'another run is at work'), own, says(0, report)],
    'converged',
    'Run r1 taken back',
  ],
  [
    'has nothing to do where nothing is left of it',
    [says(64, 'no run is left'), says(64, 'no run is left')],
    'rolledBack',
    'no run is left',
  ],
  ['tells why it cannot be', [own, says(1, 'the disk is full')], 'error', 'the disk is full'],
  ['leaves it where another revision stands on it', [other], 'refused', 'dddddddddddd was applied there since, and stays'],
  [
    'leaves it where the run that was at work there has applied another revision',
    [own, says(5, 'another run is at work'), other],
    'refused',
    'dddddddddddd was applied there since, and stays',
  ],
])('taking back a run %s', async (_what, answers, verdict, message) => {
  const { connection, asked } = host(...answers);
  const { signal } = new AbortController();

  expect(await takeBackTask('r1', 'c'.repeat(40), 300_000)(connection, signal)).toMatchObject({ verdict, message });
  for (const options of asked) expect(options).toMatchObject({ timeout: 300_000, signal });
});
