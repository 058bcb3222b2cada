import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { findUser, supplementaryGroups } from '../../src/resources/account-files.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const line = (name: string, id: number): string => `${name}:x:${id}:${id}::/home/${name}:/bin/sh\n`;
/** Until a file that was just written is old enough to be remembered. */
const tick = 20;

it('a file is parsed once as long as it stays the same, and again when it was replaced, edited or removed', async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'f');
  const host = openLocalReader({ root: directory.path });
  let times = 0;
  const parse = (bytes: Buffer | undefined): string => `${++times} ${bytes?.toString() ?? 'nothing'}`;
  writeFileSync(file, 'one');
  await sleep(tick);
  expect([host.parsed('/f', parse), host.parsed('/f', parse)]).toEqual(['1 one', '1 one']);

  writeFileSync(`${file}+`, 'two');
  utimesSync(`${file}+`, 0, 0);
  renameSync(`${file}+`, file);
  expect(host.parsed('/f', parse)).toBe('2 two');
  writeFileSync(file, 'six');
  expect(host.parsed('/f', parse)).toBe('3 six');
  rmSync(file);
  expect([host.parsed('/f', parse), host.parsed('/f', parse)]).toEqual(['4 nothing', '4 nothing']);
});

it('a run sees the accounts that it stages, and what programs have made of them since', () => {
  using directory = temporaryDirectory();
  mkdirSync(join(directory.path, 'etc'));
  const passwd = join(directory.path, 'etc/passwd');
  writeFileSync(passwd, line('ada', 1));
  writeFileSync(join(directory.path, 'etc/group'), 'b:x:5:ada,bob,ada\na:x:6:ada\nno:x::ada\nb:x:7:\n');
  const host = openLocalHost({ root: directory.path });

  expect([findUser('ada', host)?.uid, findUser('bob', host)]).toEqual([1, undefined]);
  expect([supplementaryGroups('ada', host), supplementaryGroups('eve', host)]).toEqual([['a', 'b'], []]);
  host.writeFile('/etc/passwd', Buffer.from(line('ada', 1) + line('ada', 2) + line('bob', 3)), { mode: 0o644 });
  expect([findUser('ada', host)?.uid, findUser('bob', host)?.uid]).toEqual([1, 3]);
  host.discard();
  expect(findUser('bob', host)).toBeUndefined();
  writeFileSync(`${passwd}+`, line('bob', 4));
  renameSync(`${passwd}+`, passwd);
  expect(findUser('bob', host)?.uid).toBe(4);
  host.close();
});
