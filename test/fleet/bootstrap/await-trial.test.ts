import { expect, it } from 'vitest';
import { awaitTrial } from '../../../src/fleet/bootstrap/await-trial.ts';
import { localConnection } from '../../support/local-connection.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeBelow } from '../../support/write-below.ts';

it('which version is left is read between the lines of a login script', async () => {
  using directory = temporaryDirectory();
  writeBelow(directory.path, 'readlink', '#!/bin/sh\necho "versions/of-${1##*/}"\n');
  writeBelow(directory.path, 'systemctl', '#!/bin/sh\necho active\n');
  const quiet = localConnection('box', { env: { PATH: `${directory.path}:${process.env['PATH']}` } });
  const noisy: typeof quiet = {
    ...quiet,
    async run(argv, options) {
      const result = await quiet.run(argv, options);
      return { ...result, stdout: `Welcome!\nno newline${result.stdout}` };
    },
  };

  expect(await awaitTrial(noisy, () => undefined, new AbortController().signal)).toEqual({
    current: 'of-current',
    confirmed: 'of-confirmed',
  });
});
