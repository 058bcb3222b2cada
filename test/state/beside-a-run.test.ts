import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openState } from '../../src/state/state.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('a state that grows while it is opened is not called damaged', async () => {
  using directory = temporaryDirectory();
  openState(directory.path).close();
  const module = join(import.meta.dirname, '../../src/state/state.ts');
  const script = `
    const { openState } = await import(${JSON.stringify(module)});
    using state = openState(${JSON.stringify(directory.path)});
    console.log('writes');
    for (let run = 0; run < 100; run++) {
      state.journal.begin('run ' + run, 'key', 'now');
      state.transaction(() => state.journal.putContent('run ' + run, 'digest', Buffer.alloc(20_000)));
    }`;
  const writer = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(writer, 'exit');
  await once(writer.stdout, 'data');

  let looks = 0;
  while (writer.exitCode === null) {
    openState(directory.path, { readOnly: true })!.close();
    looks++;
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect(await ended).toEqual([0, null]);
  expect(looks).toBeGreaterThan(0);
});
