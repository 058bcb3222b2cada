import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Json } from '../../src/model/json.ts';
import { reportWith, stepWith } from '../report/report-fixture.ts';
import { site } from '../support/repository.ts';
import { startSshFleet } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** What a host says to a check: a plan in which the value `from` stands. */
function answerWith(from: string): string {
  const mark = '"what stood there"';
  const steps = [stepWith({ changes: [{ field: 'mode', from: JSON.parse(mark) as Json, to: '0444' }] })];
  const report = reportWith({ host: 'a', action: 'check', outcome: 'upstreamPending', exit: 2, steps });
  const finished = { schema: 'reconcile.event/1', ts: report.startedAt, type: 'finished', run: report.run, report };
  const greeting = { type: 'greeting', protocol: 1, version: '0.1.0', host: 'a', commits: [], status: null };
  return `${JSON.stringify(greeting)}\n${JSON.stringify(finished).replace(mark, from)}\n`;
}

it.skipIf(whyNoSsh !== undefined)(
  'hosts whose answers are nested without end, or far more in memory than they are as a text, are garbled, and nothing to the others',
  async () => {
    await using fleet = await startSshFleet(['a', 'b', 'c']);
    using place = temporaryDirectory();
    const pretend = (host: string, from: string): void => {
      const answer = join(place.path, host);
      writeFileSync(answer, answerWith(from));
      fleet.pretend(host, `cat '${answer}'`);
    };
    pretend('a', `${'['.repeat(10_000)}${']'.repeat(10_000)}`);
    pretend('b', `[${'{},'.repeat(2_000_000)}{}]`);
    fleet.commit({ 'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "one\\n" }\n`) });

    const { exit, hosts } = await fleet.report('check');

    const garbled = { verdict: 'garbled', message: 'what it sent is not what reconcile sends' };
    expect([exit, ...hosts]).toMatchObject([1, garbled, garbled, { verdict: 'upstreamPending' }]);
  },
);
