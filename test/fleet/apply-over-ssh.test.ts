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

it.skipIf(whyNoSsh !== undefined)(
  'a plan is applied wave by wave, as a push is, and goes on where it was interrupted',
  async () => {
    await using fleet = await startSshFleet(['a', 'b', 'c']);
    using place = temporaryDirectory();
    const plan = join(place.path, 'plan.json');
    const motds = (): readonly (string | undefined)[] => ['a', 'b', 'c'].map((host) => fleet.read(host, 'motd'));
    const check = async (text: string, more = ''): Promise<void> => {
      fleet.commit({
        'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "${text}\\n" }\n${more}`),
        'desired-state/rollout.yaml':
          'waves:\n  - { name: canary, hosts: a, bake: 2s }\n  - { name: rest, hosts: all, bake: 0s }\n',
      });
      await fleet.report('check', '--out', plan);
    };
    await check('one');
    const begun = fleet.reach('apply', plan);
    await begun.event(({ type }) => type === 'baking');
    begun.child.kill('SIGINT');
    await begun.ended;

    expect(motds()).toEqual(['one\n', undefined, undefined]);
    const left = await fleet.operate('rollout', 'status').ended;
    expect(left.stdout).toContain('left in the middle; reconcile fleet apply with its plan goes on where it was');
    const again = fleet.reach('apply', plan, '--retry-failed');
    expect((await again.ended).exit).toBe(0);
    expect(again.events.flatMap((event) => (event.type === 'connecting' ? [event.host] : []))).toEqual(['b', 'c']);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);

    await check('two', '- { kind: command, argv: ["false"], creates: /nonexistent/made }\n');
    const bad = await fleet.report('apply', plan);
    expect([bad.halted, bad.exit, verdicts(bad)]).toEqual([
      '1 of 1 hosts failed in wave canary',
      6,
      'a: rolledBack, b: halted, c: halted',
    ]);
    expect(motds()).toEqual(['one\n', 'one\n', 'one\n']);
  },
);

it.skipIf(whyNoSsh !== undefined)('a plan that leaves out a whole wave before others touches no host', async () => {
  await using fleet = await startSshFleet(['a', 'b']);
  using place = temporaryDirectory();
  const plan = join(place.path, 'plan.json');
  const tasks = `- { kind: file, path: "{{ place }}/motd", content: "one\\n" }\n`;
  fleet.commit({
    'desired-state/site.yaml': site(tasks),
    'desired-state/rollout.yaml': 'waves:\n  - { name: canary, hosts: a, bake: 0s }\n',
    'inventory/host_vars/a.yml': 'place: /srv/never\n',
    'inventory/host_vars/b.yml': `place: "${fleet.base}"\n`,
  });
  expect((await fleet.report('check', '--out', plan)).exit).toBe(7);

  const { exit, stderr } = await fleet.reach('apply', plan).ended;
  expect([exit, stderr, fleet.read('b', 'motd')]).toEqual([
    7,
    expect.stringContaining('the plan has nothing for wave canary'),
    undefined,
  ]);
  writeFileSync(join(place.path, 'limit'), 'b\n');
  expect((await fleet.report('apply', plan, '--limit', `@${place.path}/limit`)).exit).toBe(0);
  expect(fleet.read('b', 'motd')).toBe('one\n');
});
