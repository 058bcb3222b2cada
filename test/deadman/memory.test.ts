import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { firstMemory, readMemory, writeMemory } from '../../src/deadman/memory.ts';
import { openWatch } from './watch-rig.ts';

it.each([
  [7, 5, 7],
  [5, 7, 7],
  [5, undefined, 5],
  [undefined, 7, 7],
])('of a copy %s on the disk and one %s beside it the newer counts', async (disk, beside, newer) => {
  await using watch = await openWatch();
  const files = [watch.path('state', 'state.json'), watch.path('run', 'reconcile-deadman-ezra', 'state.json')];
  for (const [index, sequence] of [disk, beside].entries()) {
    const file = files[index]!;
    mkdirSync(dirname(file), { recursive: true });
    if (sequence !== undefined)
      writeFileSync(file, JSON.stringify({ ...firstMemory({ own: 0, boot: '', uptime: 0 }), sequence }));
  }

  const memory = readMemory(watch.settings());

  expect(memory?.sequence).toBe(newer);
  expect(writeMemory(watch.settings(), memory!).sequence).toBe(newer + 1);
  expect(readMemory(watch.settings())?.sequence).toBe(newer + 1);
});
