import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeStateDirectory } from '../../src/state/state-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it.each([0o000, 0o077, 0o777])(
  "the state directory is its owner's, and its parents are everybody's to look into, with umask %i",
  (mask) => {
    using directory = temporaryDirectory();
    const umask = process.umask(mask);
    try {
      makeStateDirectory(join(directory.path, 'var/lib/agent'));
    } finally {
      process.umask(umask);
    }

    const modes = ['var', 'var/lib', 'var/lib/agent'].map((name) => statSync(join(directory.path, name)).mode & 0o777);
    expect(modes).toEqual([0o755, 0o755, 0o700]);
  },
);
