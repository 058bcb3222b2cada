import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSuspension, removeSuspension, writeSuspension } from '../../src/state/suspension.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('what cannot be read suspends, whatever it is, until it is removed or written anew', () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'suspended');
  const isSuspended = (): boolean => readSuspension(directory.path, 0)?.reason.includes('`reconcile resume` removes it') === true;
  const made = [
    () => writeFileSync(file, ''),
    () => writeFileSync(file, '{"reason":1}'),
    () => mkdirSync(join(file, 'x'), { recursive: true }),
  ];
  const suspension = { reason: 'disk', by: 'ada', until: '2099-01-01T00:00:00.000Z' };

  for (const make of made) {
    make();
    const before = isSuspended();
    removeSuspension(directory.path);
    expect([before, readSuspension(directory.path, 0)]).toEqual([true, undefined]);
    make();
    writeSuspension(directory.path, suspension);
    expect(readSuspension(directory.path, 0)).toEqual(suspension);
    removeSuspension(directory.path);
  }
});
