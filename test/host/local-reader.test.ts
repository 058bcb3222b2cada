import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';

it
  .skipIf(!existsSync('/proc/sys'))
  .each(['/proc/sys/kernel/pid_max', '/proc/sys/net/ipv4/tcp_rmem', '/proc/sys/net/ipv4/ip_local_port_range', '/proc/cpuinfo'])(
  '%s, which says that it is empty, is read whole',
  (path) => {
    const text = openLocalReader({ root: undefined }).readFile(path)?.toString();

    expect(text?.replaceAll(/MHz.*/g, '')).toBe(readFileSync(path, 'utf8').replaceAll(/MHz.*/g, ''));
  },
);
