import { expect, it } from 'vitest';
import { bringProgram } from '../../../src/fleet/bootstrap/bring-program.ts';
import { parseLook } from '../../../src/fleet/bootstrap/look.ts';
import { statusWith } from '../../report/status-fixture.ts';
import { localConnection } from '../../support/local-connection.ts';

const ok = { exitCode: 0, stdout: '', stderr: '' };
const packed = { path: '/nonexistent', size: 1 };
const runtime = {
  machine: 'x86_64' as const,
  name: '24.0.0-aaaaaaaaaaaa',
  version: '24.0.0',
  sha256: 'a'.repeat(64),
  size: 1,
  packed,
};
const program = { id: '0.2.0-0123456789ab', packed, size: 1 };

it('a suspended host whose agent runs gets another version on trial, which has to look at it', async () => {
  const before = 'current\t0.1.0-ba9876543210\nconfirmed\t0.1.0-ba9876543210\n';
  const look = parseLook(`uid\t0\nactive\tyes\nprogram\t0123456789ab\n${before}end\tyes\n`)!;
  const suspended = statusWith({ suspended: { reason: 'disk', by: 'ada', until: '2026-11-20T12:00:00.000Z' } });
  const installed: string[] = [];
  const connection = {
    ...localConnection('web1'),
    run(argv: readonly string[]) {
      const script = argv[2] ?? '';
      if (argv[0] === 'reconcile') return Promise.resolve({ ...ok, stdout: JSON.stringify(suspended) });
      if (script.includes('readlink'))
        return Promise.resolve({ ...ok, stdout: `\ncurrent\t${program.id}\n\nconfirmed\t${program.id}\n` });
      if (script.includes('reconcile.mjs" install')) installed.push(argv.slice(4).join(' '));
      return Promise.resolve(ok);
    },
  };

  const failed = await bringProgram(connection, { look, runtime, program }, () => undefined, new AbortController().signal);

  expect(failed).toBeUndefined();
  expect(installed).toEqual([expect.stringContaining(`versions/${program.id}`)]);
});
