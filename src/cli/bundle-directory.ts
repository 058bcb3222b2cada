import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { ExitError } from '../model/exit-error.ts';

/** Where the running program was built to. Throws a usage error when it runs from its sources. */
export function bundleDirectory(): string {
  const program = realpathSync(process.argv[1] ?? '');
  if (!program.endsWith('/reconcile.mjs'))
    throw new ExitError('usage', 'only the built program can be installed', 'node src/build.ts, then dist/reconcile.mjs');
  return dirname(program);
}
