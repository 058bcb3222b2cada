import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemLibrary } from '../../../src/install/installed-files.ts';
import { localConnection } from '../../support/local-connection.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { bootstrap, machine } from './whole-machine.ts';

it.each([
  ['stays for somebody else who uploads to it', 0, true],
  ['goes with what an upload has left that was cut off', 3, false],
])('what was brought to a host %s', async (_what, minutes, stays) => {
  using library = temporaryDirectory();
  const { connection } = machine({});
  const here = localConnection('web1');
  const [incoming, other] = [join(library.path, 'incoming'), join(library.path, 'runtime/24.9.0-bbbbbbbbbbbb')];
  for (const directory of [incoming, other]) mkdirSync(directory, { recursive: true });
  const part = join(incoming, 'program-0.2.0-bbbbbbbbbbbb.tar.gz.part');
  writeFileSync(part, 'beg');
  const then = Date.now() / 1_000 - minutes * 60;
  utimesSync(part, then, then);

  const run: typeof connection.run = ([shell, option, script = '', ...words], options) => {
    const isClean = script.includes('rm -rf "$lib/incoming"');
    if (!isClean) return connection.run([shell!, option!, script, ...words], options);
    return here.run([shell!, option!, script.replace(systemLibrary, library.path), ...words], options);
  };

  expect(await bootstrap({ ...connection, run })).toMatchObject({ verdict: 'converged' });
  expect([existsSync(part), existsSync(other)]).toEqual([stays, stays]);
});
