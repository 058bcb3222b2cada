import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FleetReport } from '../../src/model/fleet.ts';
import { site } from '../support/repository.ts';
import { startSshFleet } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const verdicts = ({ hosts }: FleetReport): string => hosts.map(({ host, verdict }) => `${host}: ${verdict}`).join(', ');

it.skipIf(whyNoSsh !== undefined)(
  'a plan is applied to the hosts that it was made for, and refused for others that are chosen',
  async () => {
    await using fleet = await startSshFleet(['a', 'b']);
    using place = temporaryDirectory();
    const plan = join(place.path, 'plan.json');
    fleet.commit({ 'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "one\\n" }\n`) });
    await fleet.report('check', '--limit', 'a', '--out', plan);

    const refused = await fleet.report('apply', plan, '--limit', 'b');
    expect(refused).toMatchObject({
      exit: 7,
      hosts: [{ host: 'b', verdict: 'refused', message: 'the plan has nothing for it' }],
    });

    const chosen = await fleet.report('apply', plan, '--limit', 'a,b');
    expect([chosen.exit, verdicts(chosen), fleet.read('a', 'motd'), fleet.read('b', 'motd')]).toEqual([
      7,
      'a: converged, b: refused',
      'one\n',
      undefined,
    ]);

    const again = await fleet.report('apply', plan);
    expect(verdicts(again)).toMatch(/^a: \w+$/);

    fleet.commit({ 'desired-state/site.yaml': site('- { kind: file, path: /srv/never, content: "one\\n" }\n') });
    const kept = await fleet.reach('check', '--out', plan).ended;
    expect(kept).toMatchObject({ exit: 7, stderr: expect.stringContaining('does exactly this on 0 hosts') });
  },
);

it.skipIf(whyNoSsh !== undefined)('a host of the plan that has left the inventory is told', async () => {
  await using fleet = await startSshFleet(['a', 'b', 'c']);
  using place = temporaryDirectory();
  const plan = join(place.path, 'plan.json');
  fleet.commit({ 'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "one\\n" }\n`) });
  await fleet.report('check', '--limit', 'a,b', '--out', plan);
  writeFileSync(plan, readFileSync(plan, 'utf8').replaceAll('"host": "b"', '"host": "gone"'));

  const { events, ended } = fleet.reach('apply', plan);
  const { exit } = await ended;

  expect(events[0]).toMatchObject({ type: 'fleet-started', hosts: ['a'] });
  const { report } = events.at(-1) as Extract<(typeof events)[number], { type: 'fleet-finished' }>;
  expect([exit, verdicts(report)]).toEqual([7, 'a: converged, gone: refused']);
  expect(report.hosts[1]).toMatchObject({ message: expect.stringContaining('does not have it any more') });
});
