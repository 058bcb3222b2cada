import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it
  .skipIf(!existsSync('/proc/sys'))
  .each(['/proc/sys/kernel/pid_max', '/proc/sys/net/ipv4/tcp_rmem', '/proc/sys/net/ipv4/ip_local_port_range', '/proc/cpuinfo'])(
  '%s, which says that it is empty, is read whole',
  (path) => {
    const text = openLocalReader({ root: undefined }).readFile(path)?.toString();

    expect(text?.replaceAll(/MHz.*/g, '')).toBe(readFileSync(path, 'utf8').replaceAll(/MHz.*/g, ''));
  },
);

it('what can only be appended to is told so, whatever would be done to it', ({ skip }) => {
  using directory = temporaryDirectory();
  const host = openLocalReader({ root: directory.path });
  const log = join(directory.path, 'log');
  writeFileSync(log, 'kept\n');
  if (spawnSync('chattr', ['+a', log]).status !== 0) return skip('needs root, and a filesystem with files that only grow');
  try {
    for (const what of ['mode', 'owner', 'content'] as const)
      expect(host.unwritable('/log', what)).toEqual({ where: '/log', reason: expect.stringContaining('chattr -a') as string });
    expect(readFileSync(log, 'utf8')).toBe('kept\n');
  } finally {
    spawnSync('chattr', ['-a', log]);
  }
});
