import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readZip } from '../../src/resources/archive/read-zip.ts';
import { makeArchive } from '../support/make-archive.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('a zip that is not read to its end is closed', async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'large.zip');
  writeFileSync(file, makeArchive('zip', [{ path: 'noise', text: randomBytes(48 << 10).toString('base64'), times: 64 }]));
  const open = (): readonly string[] =>
    readdirSync('/proc/self/fd').filter((each) => {
      try {
        return readlinkSync(`/proc/self/fd/${each}`) === file;
      } catch {
        return false;
      }
    });

  for await (const { body } of readZip(file)) {
    for await (const _chunk of body) break;
    break;
  }

  await expect.poll(open).toEqual([]);
});
