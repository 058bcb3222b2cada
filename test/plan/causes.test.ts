import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.ts';
import { command } from '../../src/resources/types/command.ts';
import { config } from '../../src/resources/types/config.ts';
import { file } from '../../src/resources/types/file.ts';
import { sysctl } from '../../src/resources/types/sysctl.ts';
import { openRig, type Rig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const motd = (rig: Rig, content: string) => rig.resource(file, { path: '/motd', content });
const verdict = ({ steps: [step] }: Plan) => `${step?.cause} ${step?.diff.action}`;

/** What was applied, what stands on the host, what git says now; and what follows. "How it decides" in README.md. */
it.each([
  { applied: 'a', actual: 'a', desired: 'a', is: 'converged none' },
  { applied: 'a', actual: 'a', desired: 'b', is: 'upstream update' },
  { applied: 'a', actual: 'x', desired: 'a', is: 'drift update' },
  { applied: 'a', actual: undefined, desired: 'a', is: 'drift create' },
  { applied: 'a', actual: 'x', desired: 'b', is: 'conflict update' },
  { applied: 'a', actual: 'b', desired: 'b', is: 'adopted none' },
  { applied: undefined, actual: 'b', desired: 'b', is: 'adopted none' },
  { applied: undefined, actual: undefined, desired: 'b', is: 'upstream create' },
  { applied: undefined, actual: 'x', desired: 'b', is: 'unmanaged update' },
  { applied: 'a', actual: 'a', desired: undefined, is: 'orphan remove' },
  { applied: 'a', actual: undefined, desired: undefined, is: 'orphan none' },
])('applied $applied, actual $actual, desired $desired: $is', async ({ applied, actual, desired, is }) => {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [file]);
  const path = join(rig.root, 'motd');
  if (applied !== undefined) await rig.apply([motd(rig, applied)]);
  if (actual === undefined) rmSync(path, { force: true });
  else writeFileSync(path, actual, { mode: 0o644 });

  const plan = await rig.plan(desired === undefined ? [] : [motd(rig, desired)]);

  expect(verdict(plan)).toBe(is);
});

it('is upstream where only git asks for something else, of which nothing stands yet', async () => {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [sysctl]);
  const named = (name: string) => rig.resource(sysctl, { key: 'vm.swappiness', value: 1, name });
  await rig.apply([named('10-a')]);

  expect(verdict(await rig.plan([named('20-b')]))).toBe('upstream create');
});

it('a path that moves to another resource is not removed by the one that had it', async () => {
  using directory = temporaryDirectory();
  const { tree } = await import('../../src/resources/types/tree.ts');
  using rig = openRig(directory.path, [file, tree]);
  await rig.apply([rig.resource(file, { path: '/srv/o/a', content: 'one' })]);

  const changed = await rig.apply([rig.resource(tree, { path: '/srv/o', source: 'o' }, { 'o/a': 'two' })]);

  expect(changed).toEqual(['tree[/srv/o]']);
  expect(
    (await rig.plan([rig.resource(tree, { path: '/srv/o', source: 'o' }, { 'o/a': 'two' })])).steps.map(({ cause }) => cause),
  ).toEqual(['converged']);
});

it('a key that is unset goes, also from a file that a command declared above makes', async () => {
  using directory = temporaryDirectory();
  using rig = openRig(directory.path, [command, config]);
  writeFileSync(join(rig.root, 'app.toml'), 'debug = true\n');

  const changed = await rig.apply([
    rig.resource(command, { name: 'make', argv: ['make'], creates: '/app.toml' }),
    rig.resource(config, { path: '/app.toml', unset: ['debug'] }),
  ]);

  expect(changed).toEqual(['config[/app.toml]']);
});
