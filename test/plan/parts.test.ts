import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';
import { file } from '../../src/resources/types/file.ts';
import { openRig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Files, as a kind that asks what stands of its parts. */
function openParts() {
  const asked: string[][] = [];
  const of = ({ path }: { readonly path: string }): string[] => [path];
  const type = {
    ...file,
    parts: {
      of,
      standing(all: readonly { readonly path: string }[]) {
        asked.push(all.flatMap(of));
        return [];
      },
      pruned: (desired: { readonly path: string }, made: readonly string[]) =>
        made.includes(desired.path) ? { ...desired, ensure: 'absent' } : undefined,
    },
  } as unknown as AnyResourceType;
  const directory = temporaryDirectory();
  const rig = openRig(directory.path, [type]);
  const files = (content: string, ...paths: readonly string[]) => paths.map((path) => rig.resource(type, { path, content }));
  return {
    asked,
    rig,
    files,
    [Symbol.dispose]() {
      rig[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}

it('what stands is asked once for all resources of a kind, and not of what the ledger knows', async () => {
  using parts = openParts();
  const { asked, rig, files } = parts;

  await rig.apply(files('one', '/a', '/b'));
  await rig.apply(files('two', '/a', '/b', '/c'));

  expect(asked).toEqual([['/a', '/b'], ['/c']]);
});

it('what leaves git and was not made here stays, and the plan says why; what was made here goes without a word', async () => {
  using parts = openParts();
  const { rig, files } = parts;
  writeFileSync(join(rig.root, 'a'), '');
  await rig.apply(files('one', '/a', '/b'));
  const { ledger, transaction } = rig.state;
  for (const entry of ledger.all().values())
    if (entry.address === 'file[/b]') transaction(() => ledger.put({ ...entry, made: ['/b'] }));

  const { steps } = await rig.plan([]);

  expect(steps.map(({ address, diff, note }) => [address, diff.action, note])).toEqual([
    ['file[/b]', 'remove', undefined],
    ['file[/a]', 'none', 'what is not known to be made here is left alone'],
  ]);
});
