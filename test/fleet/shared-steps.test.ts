import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { visitHost } from '../../src/fleet/visit.ts';
import type { Finding } from '../../src/model/fleet.ts';
import { reportWith, stepWith } from '../report/report-fixture.ts';
import { localConnection } from '../support/local-connection.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const order = { action: 'check', host: 'a', commit: 'a'.repeat(40), branch: 'main', tags: [], paranoid: false } as const;

it('what many hosts say alike is in memory once', async () => {
  using place = temporaryDirectory();
  const answer = join(place.path, 'answer');
  const steps = Array.from({ length: 40 }, (_, index) =>
    stepWith({ address: `file[/srv/${index}]`, diffs: [{ path: `/srv/${index}`, text: `+${index}\n`.repeat(20_000) }] }),
  );
  const report = reportWith({ host: 'a', action: 'check', outcome: 'upstreamPending', exit: 2, steps });
  const lines = [
    { type: 'greeting', protocol: 1, version: '0.1.0', host: 'a', commits: [], status: null },
    { schema: 'reconcile.event/1', ts: report.startedAt, type: 'finished', run: report.run, report },
  ];
  writeFileSync(answer, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const inUse = (): number => (collect(), process.memoryUsage().heapUsed);
  const visit = (): Promise<Finding> => {
    const connection = localConnection('a', { program: ['sh', '-c', 'cat "$0"; cat > /dev/null', answer] });
    return visitHost(connection, { order, bundleFor: async () => undefined }, () => undefined);
  };
  const kept = [await visit()];
  const before = inUse();

  while (kept.length < 21) kept.push(await visit());

  // Each of them has 3 MB.
  expect(inUse() - before).toBeLessThan(10_000_000);
  expect(kept.at(-1)!.report).toEqual(report);
});
